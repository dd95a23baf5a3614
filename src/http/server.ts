// The HTTP server: one error boundary, connections that end, and an orderly close.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { endWith } from '../delivery/response-head.ts';
import type { Access } from './access.ts';
import { offerFirstRequests } from './first-request.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem, rawProblem, sendProblem } from './problem.ts';
import { findRoute, handlerOf, type Route } from './router.ts';

export interface HttpServerOptions {
  routes: readonly Route[];
  access: Access;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  log: Logger;
}

/** Longer than the idle timeout of the usual proxies (60 s), so that it is they who close. */
const KEEP_ALIVE_MS = 75_000;

/** A client that resets its connection is not an error. */
function ignoreReset() {}

export function createHttpServer({ routes, access, upgrade, log }: HttpServerOptions): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true });

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const headers = access.corsHeaders(request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value ?? '');
    try {
      access.checkHost(request);
      if (request.method === 'OPTIONS') {
        response.writeHead(204, access.preflightHeaders(request)).end();
        return;
      }
      const { route, params, query } = findRoute(routes, request.url ?? '/');
      if (route.stream && request.method === 'GET')
        await route.stream({ head: request, socket: ownSocket(response), headers, params, query });
      else await handlerOf(route, request.method ?? '')({ request, response, params, query });
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendProblem(response, problemOf(error, request.method, request.destroyed));
    }
    // A body that nobody read would stand in the way of the connection's next request.
    request.resume();
  }

  /** On a connection that Node's response object has nothing to do with. */
  async function answerRaw(head: RequestHead, socket: Duplex, respond: () => Promise<void>) {
    try {
      access.checkHost(head);
      await respond();
    } catch (error) {
      if (socket.writable)
        endWith(
          socket,
          rawProblem(problemOf(error, head.method, socket.destroyed), access.corsHeaders(head)),
        );
    }
  }

  function takeStream(head: RequestHead, socket: Socket): boolean {
    try {
      const { route, params, query } = findRoute(routes, head.url ?? '/');
      const { stream } = route;
      if (!stream) return false;
      const headers = access.corsHeaders(head);
      void answerRaw(head, socket, () => stream({ head, socket, headers, params, query }));
      return true;
    } catch {
      // An HttpProblem: not of a stream, so `answer` meets it again, and says so.
      return false;
    }
  }

  function problemOf(error: unknown, method: string | undefined, isGone: boolean): HttpProblem {
    if (error instanceof HttpProblem) return error;
    // A client that went away while its body was read is not an error.
    if (!isGone) log.error({ err: error, method }, 'request failed');
    return new HttpProblem(500, 'internal', 'Something went wrong here. The log says what.');
  }

  offerFirstRequests(server, takeStream);
  server.on('request', (request, response) => {
    response.on('error', ignoreReset);
    void answer(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy());
    // Node shows every Upgrade header here; one that isn't known is to be ignored (RFC 9110, 7.8): curl --http2, say.
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return beginAnew(request, socket, head);
    void answerRaw(request, socket, () => upgrade(request, socket, head));
  });

  /** Node's parser has let go of the connection, and of a body on it: it gets the request again, without the header. */
  function beginAnew(request: IncomingMessage, socket: Duplex, rest: Buffer) {
    socket.unshift(Buffer.concat([Buffer.from(headWithoutUpgrade(request), 'latin1'), rest]));
    server.emit('connection', socket);
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Where something was sent already, an answer would stand in the middle of another one.
    if (!socket.writable || (socket as Socket).bytesWritten > 0) socket.destroy();
    else socket.end(rawProblem(badRequest(error.code)));
  });
  return server;
}

/** A response that is pipelined behind another has none yet. */
function ownSocket({ socket }: ServerResponse): Socket {
  if (socket) return socket;
  throw new HttpProblem(400, 'pipelined', 'A stream needs a connection of its own, with nothing before it.');
}

/** `close`, as every further request of this kind would begin anew on the same socket. */
function headWithoutUpgrade({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`, 'Connection: close'];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!['connection', 'upgrade'].includes(name.toLowerCase())) lines.push(`${name}: ${rawHeaders[i + 1]}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What Node's parser found wrong with a request. */
function badRequest(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpProblem(431, 'headers-too-large', 'The headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HttpProblem(408, 'too-slow', 'The request took too long.');
  return new HttpProblem(400, 'bad-request', 'This is not HTTP/1.1.');
}
