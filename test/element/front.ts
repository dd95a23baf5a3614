// What stands between a browser and the service: hands out a page and the built element, and passes everything else on,
// well or badly, as proxies do. Counts what is open.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Front {
  readonly url: string;
  /**
   * `pass`: as a good proxy. `buffer`: keeps an answer until it is whole. `refuse`: 503 to everything.
   * `hang`: accepts and never answers. Open connections are kept.
   */
  mode: 'pass' | 'buffer' | 'refuse' | 'hang';
  /** Another origin that the page's policy lets it connect to. */
  connectTo: string;
  /** The page's `Content-Security-Policy`, if it is to be another than the usual. */
  policy: string;
  /** Address of the page's script, and the script itself unless it is one of `public/`. */
  script: { path: string; text?: string };
  /** Body of the page at `/`. */
  body: string;
  /** Requests so far to paths that begin like this. */
  count(prefix: string): number;
  /** Streams open at the moment, and the most there ever were. */
  readonly streams: number;
  readonly mostStreams: number;
  /** The open streams pass nothing any more, and stay open: what a router does that forgets them. */
  forget(): void;
  /** Cuts every connection, as a restarted proxy does. */
  cut(): void;
  close(): Promise<void>;
}

/** As strict as a page can be. Lit and Vue make their templates by trusted types. */
const policy = (other: string) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${other}; base-uri 'none'; require-trusted-types-for 'script'; trusted-types lit-html vue`;

/** `hasPage: false`: it is only a proxy, the element's script is the service's as well. */
export async function openFront(service: string, { hasPage = true } = {}): Promise<Front> {
  const target = new URL(service);
  const sockets = new Set<Socket>();
  const answers = new Set<IncomingMessage>();
  const paths: string[] = [];
  let streams = 0;
  let mostStreams = 0;

  const server = createServer(async (incoming, response) => {
    const path = incoming.url ?? '/';
    paths.push(path);
    if (hasPage && path === '/') return servePage(response);
    if (hasPage && path === '/favicon.ico') return response.writeHead(204).end();
    if (hasPage && /^\/[\w-]+\.js$/.test(path)) return serveScript(path, response);
    if (front.mode === 'hang') return;
    if (front.mode === 'refuse') return response.writeHead(503, { 'Retry-After': '1' }).end();
    pass(path, incoming, response);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  function servePage(response: ServerResponse) {
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': front.policy || policy(front.connectTo),
    });
    response.end(`<!doctype html><html lang="ko"><meta charset="utf-8"><title>Test</title>
      <script type="module" src="${front.script.path}"></script><main>${front.body}</main></html>`);
  }

  async function serveScript(path: string, response: ServerResponse) {
    response.writeHead(200, { 'Content-Type': 'text/javascript; charset=utf-8' });
    const own = path === front.script.path ? front.script.text : undefined;
    response.end(own ?? (await readFile(`public${path}`)));
  }

  function pass(path: string, incoming: IncomingMessage, response: ServerResponse) {
    const isBuffering = front.mode === 'buffer';
    const upstream = request(
      {
        host: target.hostname,
        port: target.port,
        path: incoming.url,
        method: incoming.method,
        headers: incoming.headers,
      },
      (answer) => {
        const isStream = path.includes('format=ndjson') && answer.statusCode === 200;
        if (isStream) mostStreams = Math.max(mostStreams, ++streams);
        if (isStream) response.on('close', () => streams--);
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        if (!isBuffering) {
          response.flushHeaders();
          answer.pipe(response);
          answers.add(answer);
          answer.on('close', () => {
            answers.delete(answer);
            // Cut off before its end: so is what was passed on.
            if (!answer.complete) response.destroy();
          });
          return;
        }
        const chunks: Buffer[] = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => response.end(Buffer.concat(chunks)));
      },
    );
    upstream.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    response.on('close', () => upstream.destroy());
    incoming.pipe(upstream);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front: Front = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode: 'pass',
    connectTo: '',
    policy: '',
    script: { path: '/run-progress.js' },
    body: '',
    count: (prefix) => paths.filter((path) => path.startsWith(prefix)).length,
    get streams() {
      return streams;
    },
    get mostStreams() {
      return mostStreams;
    },
    forget() {
      for (const answer of answers) answer.unpipe();
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
  return front;
}
