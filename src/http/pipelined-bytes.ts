// Node's parser makes a request and a response of every head in the bytes that it is handed, up to 64 KB, and can't be
// stopped among them: fifteen hundred small requests, some 3 MB. Here bytes with many heads reach it in small pieces, so
// that a connection that is cut for the first ones costs no more than those.
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const PIECE_BYTES = 1024;
const HEAD_END = '\r\n\r\n';

/** `socket` has just been taken by Node's HTTP server, which listens for its bytes. */
export function feedInPieces(socket: Socket, mostHeads: number) {
  const [parse] = socket.listeners('data');
  if (!parse) return;
  const feed = (bytes: Buffer) => {
    if (!hasMoreHeads(bytes, mostHeads)) {
      parse.call(socket, bytes);
      return;
    }
    for (let at = 0; at < bytes.length && !socket.destroyed; at += PIECE_BYTES) {
      // An upgrade with so much around it: the parser has let go of the connection.
      if (!socket.listeners('data').includes(feed)) return socket.destroy();
      parse.call(socket, bytes.subarray(at, at + PIECE_BYTES));
    }
  };
  socket.on('data', feed);
  socket.off('data', parse as (bytes: Buffer) => void);
  feeds.set(socket, feed);
}

const feeds = new WeakMap<Socket, (bytes: Buffer) => void>();

/**
 * After an upgrade or a CONNECT Node takes its own listener away from the connection, and gives the parser to another one:
 * bytes that still reached that parser would be taken for requests of somebody else. So this listener goes as well.
 */
export function stopAtUpgrades(server: Server) {
  const stop = (_request: IncomingMessage, socket: Duplex) => {
    const feed = feeds.get(socket as Socket);
    if (feed) socket.off('data', feed);
  };
  server.on('upgrade', stop);
  // Before the listener that answers, as its answer makes the connection flow.
  server.prependListener('connect', stop);
}

function hasMoreHeads(bytes: Buffer, most: number): boolean {
  let count = 0;
  for (let at = bytes.indexOf(HEAD_END); at !== -1; at = bytes.indexOf(HEAD_END, at + HEAD_END.length))
    if (++count > most) return true;
  return false;
}
