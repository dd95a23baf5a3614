// The HTTP server: one error boundary, connections that end, and an orderly close.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
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
    const onError = () => socket.destroy();
    // Without a listener a reset during the handshake would end the process.
    socket.on('error', onError);
    const checked = async () => {
      access.checkHost(request);
      await upgrade(request, socket, head);
    };
    checked().catch((error: unknown) => {
      if (socket.writable) socket.end(rawProblem(problemOf(error, request)));
    });
  });
  return server;
}
