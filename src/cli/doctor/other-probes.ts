// What else readers meet on their way: names, TLS, health, WebSockets, other origins.
import { lookup } from 'node:dns/promises';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { networkRefusal } from '../http-refusal.ts';
import { authorization, type ServiceAddress } from '../options.ts';
import { type Finding, fault, ok, warning } from './finding.ts';

const ANSWER_MS = 10_000;
const DAY_MS = 86_400_000;

/** The name, and with https the certificate and the version of HTTP. */
export async function checkAddress({ url }: ServiceAddress): Promise<Finding[]> {
  const { hostname, protocol, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  try {
    const addresses = (await lookup(host, { all: true })).map(({ address }) => address);
    const found = ok('name', `${host} is ${addresses.join(', ')}`);
    if (protocol === 'http:')
      return [
        found,
        ok('HTTP', 'no TLS, so HTTP/1.1: a browser has six connections, over all tabs of the host'),
      ];
    return [found, ...(await checkTls(host, Number(port || 443)))];
  } catch (error) {
    return [fault('name', networkRefusal(url, error).reason)];
  }
}

function checkTls(host: string, port: number): Promise<Finding[]> {
  return new Promise((resolve) => {
    const socket: TLSSocket = tlsConnect({ host, port, servername: host, ALPNProtocols: ['h2', 'http/1.1'] });
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no handshake within 10 s')));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      resolve([fault('TLS', `${error.code ?? ''} ${error.message}: browsers refuse it, too`.trim())]);
    });
    socket.on('secureConnect', () => {
      const days = Math.floor((Date.parse(socket.getPeerCertificate().valid_to) - Date.now()) / DAY_MS);
      const text = `${socket.getProtocol()}, the certificate is good for ${days} days`;
      const isH2 = socket.alpnProtocol === 'h2';
      socket.destroy();
      resolve([
        days < 14 ? warning('TLS', `${text}: renew it`) : ok('TLS', text),
        isH2
          ? ok('HTTP', 'HTTP/2: many streams share a connection')
          : warning(
              'HTTP',
              'HTTP/1.1 only: a browser has six connections, over all tabs of the host. Offer HTTP/2',
            ),
      ]);
    });
  });
}

/** Is it there, and is it well? With the headers of the answer, as far as there was one. */
export async function checkHealth({ url }: ServiceAddress): Promise<{ finding: Finding; headers: object }> {
  try {
    const { statusCode, headers, body } = await request(`${url}/readyz`, {
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
    const text = await body.text();
    return { finding: judgeHealth(statusCode, String(headers['content-type']), text), headers };
  } catch (error) {
    return { finding: fault('service', networkRefusal(url, error).reason), headers: {} };
  }
}

function judgeHealth(status: number, type: string, body: string): Finding {
  if (status === 200) return ok('service', 'is there, and ready');
  if (status === 503 && type.includes('problem+json'))
    return fault('service', `is there, and not ready: ${JSON.parse(body).detail}`);
  return fault('service', `/readyz answers ${status}: is this a run-progress service, with its path?`);
}

/** A page that still uses WebSockets needs them; nothing else does. */
export function checkWebSocket({ url, token }: ServiceAddress, runId: string): Promise<Finding> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws/${encodeURIComponent(runId)}`, {
      headers: authorization(token),
      handshakeTimeout: ANSWER_MS,
    });
    const settle = (finding: Finding) => {
      clearTimeout(timer);
      socket.terminate();
      resolve(finding);
    };
    const refused = (why: string) =>
      settle(
        warning(
          'WebSocket',
          `${why}: pages that use /ws/ can't connect. Event streams need none`,
          'websocket',
        ),
      );
    const timer = setTimeout(refused, ANSWER_MS, 'no answer within 10 s');
    socket.on('open', () => socket.send('{"type":"ping"}'));
    socket.on('message', (data) => {
      if (String(data).includes('"pong"')) settle(ok('WebSocket', 'passes'));
    });
    socket.on('unexpected-response', (_request, { statusCode }) =>
      refused(`the upgrade is answered by ${statusCode}`),
    );
    socket.on('error', ({ message }) => refused(message));
    socket.on('close', () => refused('closed before it answered'));
  });
}

/** May pages of this origin read? */
export async function checkOrigin({ url, token }: ServiceAddress, origin: string): Promise<Finding> {
  try {
    const { headers, body } = await request(`${url}/api/runs/doctor`, {
      headers: { origin, ...authorization(token) },
      headersTimeout: ANSWER_MS,
    });
    await body.dump();
    const allowed = headers['access-control-allow-origin'];
    if (allowed === '*' || allowed === origin || new URL(url).origin === origin)
      return ok('origin', `pages of ${origin} may read`);
    const seen = allowed === undefined ? 'the answer allows no other origin' : `the answer allows ${allowed}`;
    return fault(
      'origin',
      `pages of ${origin} can't read: ${seen}\nset ALLOWED_ORIGINS=${origin} for the service`,
    );
  } catch (error) {
    return fault('origin', networkRefusal(url, error).reason);
  }
}
