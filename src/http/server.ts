// The HTTP server: one error boundary, connections that end, and an orderly close.
import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Access } from './access.ts';
import { HttpProblem, rawProblem, sendProblem } from './problem.ts';
import { type Route, route } from './router.ts';

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
    for (const [name, value] of Object.entries(access.corsHeaders(request)))
      response.setHeader(name, value ?? '');
    try {
      access.checkHost(request);
      if (request.method === 'OPTIONS') {
        response.writeHead(204, access.preflightHeaders(request)).end();
        return;
      }
      const { handler, params, query } = route(routes, request);
      await handler({ request, response, params, query });
    } catch (error) {
      if (response.headersSent || response.destroyed) response.destroy();
      else sendProblem(response, problemOf(error, request));
    }
    // A body that nobody read would stand in the way of the connection's next request.
    request.resume();
  }

  function problemOf(error: unknown, request: IncomingMessage): HttpProblem {
    if (error instanceof HttpProblem) return error;
    // A client that went away while its body was read is not an error.
    if (!request.destroyed) log.error({ err: error, method: request.method }, 'request failed');
    return new HttpProblem(500, 'internal', 'Something went wrong here. The log says what.');
  }

  server.on('request', (request, response) => {
    response.on('error', ignoreReset);
    void answer(request, response);
  });
  server.on('upgrade', (request, socket, head) => {
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', () => socket.destroy());
    // Node shows every Upgrade header here; one that isn't known is to be ignored (RFC 9110, 7.8): curl --http2, say.
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return answerWithoutUpgrade(request, socket);
    const checked = async () => {
      access.checkHost(request);
      await upgrade(request, socket, head);
    };
    checked().catch((error: unknown) => {
      if (socket.writable) socket.end(rawProblem(problemOf(error, request)));
    });
  });

  function answerWithoutUpgrade(request: IncomingMessage, socket: Duplex) {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    response.on('error', ignoreReset);
    response.on('finish', () => socket.end());
    void answer(request, response);
  }

  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // Where something was sent already, an answer would stand in the middle of another one.
    if (!socket.writable || (socket as Socket).bytesWritten > 0) socket.destroy();
    else socket.end(rawProblem(badRequest(error.code)));
  });
  return server;
}

/** What Node's parser found wrong with a request. */
function badRequest(code: string | undefined): HttpProblem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new HttpProblem(431, 'headers-too-large', 'The headers are too large.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new HttpProblem(408, 'too-slow', 'The request took too long.');
  return new HttpProblem(400, 'bad-request', 'This is not HTTP/1.1.');
}
