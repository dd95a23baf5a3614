// Looks at a connection's first request before Node's HTTP server does. A stream takes the connection over and needs
// nothing of what that server keeps for each (its parser, a request, a response: more than the connection itself), so it
// gets the bare socket. Everything else, and whatever isn't plain, goes on to Node as if nobody had looked.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { parsePlainHead, type RequestHead } from './plain-head.ts';

/** As long as Node waits for a head. */
const SILENT_MS = 60_000;
const LOOKS_PER_SILENCE = 6;

function ignoreReset() {}

function endBack(this: Socket) {
  this.end();
}

/**
 * `takeOver` answers the request on the socket, or says false. The socket flows, its errors are heard (after one comes
 * 'close', as always), and the end of what the client sends ends it. Who says nothing for `silentMs` is cut.
 */
export function offerFirstRequests(
  server: Server,
  takeOver: (head: RequestHead, socket: Socket) => boolean,
  silentMs: number = SILENT_MS,
): void {
  // The listener by which Node's HTTP server takes connections, also those that are injected by this event.
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');

  /** Since when each connection has said nothing: ms. */
  const silent = new Map<Socket, number>();
  const looks = setInterval(() => {
    for (const [socket, since] of silent) {
      if (Date.now() - since > silentMs) socket.destroy();
      if (socket.destroyed) silent.delete(socket);
    }
  }, silentMs / LOOKS_PER_SILENCE).unref();
  server.on('close', () => clearInterval(looks));

  // A browser opens connections before it needs them: at a shutdown nobody should wait for those.
  const closeIdle = server.closeIdleConnections;
  server.closeIdleConnections = () => {
    for (const socket of silent.keys()) socket.destroy();
    closeIdle.call(server);
  };

  server.on('connection', (socket: Socket) => {
    silent.set(socket, Date.now());
    socket.on('error', ignoreReset);
    socket.on('end', endBack);
    socket.once('data', (bytes: Buffer) => {
      silent.delete(socket);
      const head = parsePlainHead(bytes);
      if (head && takeOver(head, socket)) return;
      socket.off('end', endBack);
      socket.off('error', ignoreReset);
      socket.pause();
      for (const listen of serve) listen.call(server, socket);
      socket.unshift(bytes);
      socket.resume();
    });
  });
}
