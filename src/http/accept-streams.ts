// Gives streams the bare connection. Node's HTTP server keeps a parser, a request and a response for each connection. A
// stream needs none of them once its head is read, and they take more memory than the connection itself: an idle stream
// costs 13.1 kB with them and 8.0 kB without. The price is this file, and a reader of plain heads (plain-head.ts). Only a
// plain request that is the first of its connection is read here. All others come from Node's server.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { feedInPieces, stopAtUpgrades } from './pipelined-bytes.ts';
import { parsePlainHead, type RequestHead } from './plain-head.ts';
import { type CutCounts, countCut, type SpareConnections } from './spare-connections.ts';

export interface RequestHandler {
  /**
   * Takes a request that is answered on its connection: answers on the socket, and ends it. The socket flows from then on, and
   * has a listener for errors. When the client ends its side, the socket is ended too. False: the request is another one.
   * Must not throw.
   */
  takeOver(head: RequestHead, socket: Socket): boolean;
  /** Answers every other request. A stream that is pipelined behind another request comes here too: it has no connection of
   * its own. */
  answer(request: IncomingMessage, response: ServerResponse): void;
}

export interface AcceptOptions {
  spare: SpareConnections;
  cuts: CutCounts;
}

/** A client that sends more requests than this before it has the answer to the first is cut. */
const MAX_PIPELINED = 32;

export function acceptStreams(server: Server, handler: RequestHandler, options: AcceptOptions): void {
  stopAtUpgrades(server);
  acceptFirstRequests(server, handler, options.spare);
  acceptOthers(server, handler, options);
  server.on('upgrade', (_request, socket) => options.spare.remove(socket as Socket));
}

function ignoreReset() {}

function endBack(this: Socket) {
  this.end();
}

/** Looks at a connection's first request before Node's server does. Whatever is no stream is handed on to it untouched. */
function acceptFirstRequests(server: Server, { takeOver }: RequestHandler, spare: SpareConnections) {
  // The listener with which Node's HTTP server takes connections. It also takes those that others emit.
  const serve = server.listeners('connection');
  server.removeAllListeners('connection');

  const closeIdle = server.closeIdleConnections;
  server.closeIdleConnections = () => {
    spare.closeSilent();
    closeIdle.call(server);
  };

  server.on('connection', (socket: Socket) => {
    spare.add(socket);
    socket.on('error', ignoreReset);
    socket.on('end', endBack);
    socket.once('data', (bytes: Buffer) => {
      const head = parsePlainHead(bytes);
      if (head && takeOver(head, socket)) {
        spare.remove(socket);
        // Only reading tells when the client ends. Bytes behind the request are thrown away.
        socket.resume();
        return;
      }
      socket.off('end', endBack);
      socket.off('error', ignoreReset);
      socket.pause();
      for (const listen of serve) listen.call(server, socket);
      feedInPieces(socket, MAX_PIPELINED);
      socket.unshift(bytes);
      socket.resume();
    });
  });
}

/**
 * Requests that Node's server has read. It reads on while answers are made, and makes a request and a response of each:
 * 65 kB of small requests become 5 MB. So they are counted, and no request may follow a stream.
 *
 * Nor may one follow a body in chunks. Where such a body ends is what parsers have disagreed on again and again, Node's of
 * 20.18 among them. A proxy that looks for its end elsewhere would take what follows for the request of its next client.
 */
function acceptOthers(server: Server, { takeOver, answer }: RequestHandler, { spare, cuts }: AcceptOptions) {
  const unanswered = new WeakMap<Socket, number>();
  const streaming = new WeakSet<Socket>();
  /** They close with the answer to what they have asked. */
  const closing = new WeakSet<Socket>();
  for (const event of ['upgrade', 'connect'])
    server.prependListener(event, (_request: IncomingMessage, socket: Socket) => {
      if (closing.has(socket)) socket.destroy();
    });

  server.on('request', (request, response) => {
    const { socket } = request;
    const asked = (unanswered.get(socket) ?? 0) + 1;
    unanswered.set(socket, asked);
    if (streaming.has(socket)) return socket.destroy();
    if (asked > MAX_PIPELINED) {
      // Node has read some more of them.
      if (!socket.destroyed) countCut(cuts, 'pipelined');
      return socket.destroy();
    }
    if (closing.has(socket)) return;
    if (request.headers['transfer-encoding'] !== undefined) {
      closing.add(socket);
      response.setHeader('Connection', 'close');
    }
    spare.hasAsked(socket);
    response.on('error', ignoreReset);
    response.on('close', () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
    // A response that is pipelined behind another has no socket yet.
    if (!response.socket || !takeOver(request, socket)) return answer(request, response);
    streaming.add(socket);
    spare.remove(socket);
    // Node's timeout is for answers. A stream may be silent, and looks after itself.
    socket.setTimeout(0);
    // An unread body would hide that the client has ended.
    request.resume();
  });
}
