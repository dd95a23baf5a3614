// What else readers meet on their way: names, TLS, health, WebSockets, other origins.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { request } from 'undici';
import { WebSocket } from 'ws';
import type { CallTimeout } from '../http-call.ts';
import { networkRefusal, sentencesOf } from '../http-refusal.ts';
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
    return [found, ...(await checkTls(url, host, Number(port || 443)))];
  } catch (error) {
    return [fault('name', sentencesOf(networkRefusal(url, error)))];
  }
}

function checkTls(url: string, host: string, port: number): Promise<Finding[]> {
  return new Promise((resolve) => {
    const socket: TLSSocket = tlsConnect({
      ...{ host, port, ALPNProtocols: ['h2', 'http/1.1'] },
      ...(!isIP(host) && { servername: host }),
    });
    const code: CallTimeout = 'CONNECT_TIMEOUT';
    socket.setTimeout(ANSWER_MS, () => socket.destroy(Object.assign(new Error(code), { code })));
    socket.on('error', (error) => resolve([fault('TLS', sentencesOf(networkRefusal(url, error)))]));
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

export interface Health {
  readonly finding: Finding;
  /** What answers is a run-progress service. */
  readonly isService: boolean;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Is it there, and is it well? */
export async function checkHealth(address: ServiceAddress): Promise<Health> {
  const { url } = address;
  try {
    const { status, type, headers, text } = await ask(`${url}/readyz`, {});
    if (status === 200) return { finding: ok('service', 'is there, and ready'), isService: true, headers };
    if (status === 503 && isProblem(type)) {
      const finding = fault('service', `is there, and not ready: ${JSON.parse(text).detail}`);
      return { finding, isService: true, headers };
    }
    // Some proxies pass on only what pages need.
    const run = await ask(`${url}/api/runs/doctor`, authorization(address.token));
    // Of a service, and not of its answer to a path that it doesn't know.
    if (isProblem(run.type) && !run.text.includes('"not-found"')) {
      const finding = warning('service', `is there; /readyz answers ${status}, so it isn't passed on`);
      return { finding, isService: true, headers };
    }
    const doubt = `/readyz answers ${status}: is this a run-progress service, with its path?`;
    return { finding: fault('service', doubt), isService: false, headers };
  } catch (error) {
    const finding = fault('service', sentencesOf(networkRefusal(url, error)));
    return { finding, isService: false, headers: {} };
  }
}

async function ask(url: string, headers: Record<string, string>) {
  const limits = { headersTimeout: ANSWER_MS, bodyTimeout: ANSWER_MS };
  const answer = await request(url, { headers, ...limits });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    type: String(answer.headers['content-type']),
    headers: answer.headers,
    text,
  };
}

function isProblem(type: string): boolean {
  return type.includes('problem+json');
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
    const refused = (why: string, status = 0) => {
      const text = `${why}: pages that use /ws/ can't connect. Event streams need none`;
      // A token is the service's matter, and no proxy's.
      settle(
        status === 401 || status === 403
          ? warning('WebSocket', text)
          : warning('WebSocket', text, 'websocket'),
      );
    };
    const timer = setTimeout(refused, ANSWER_MS, 'no answer within 10 s');
    socket.on('open', () => socket.send('{"type":"ping"}'));
    socket.on('message', (data) => {
      if (String(data).includes('"pong"')) settle(ok('WebSocket', 'passes'));
    });
    socket.on('unexpected-response', (_request, { statusCode }) =>
      refused(`the upgrade is answered by ${statusCode}`, statusCode),
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
    return fault('origin', sentencesOf(networkRefusal(url, error)));
  }
}
