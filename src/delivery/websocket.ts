// WebSocket, as the pages of before use it: `initial_state`, then `progress`; `ping` is answered by `pong`. Here: how one
// begins, is known to live, and ends.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cursor } from '../runs/cursor.ts';
import type { Run, Subscription } from '../runs/run.ts';
import type { Ending, Served } from './departure.ts';
import { MAX_STALLED_BEATS } from './open-streams.ts';
import { createWebSocketReader, type WebSocketReader } from './web-socket-reader.ts';

const MAX_INBOUND_BYTES = 4096;
const MAX_MISSED_PONGS = 2;
/** A peer that was told of the end may take so long to answer it, and takes a place meanwhile. */
const CLOSE_MS = 5000;
const SERVER_OPTIONS = {
  noServer: true,
  clientTracking: false,
  // Answered where it is bounded.
  autoPong: false,
  maxPayload: MAX_INBOUND_BYTES,
  // Newer than its types, which would refuse it in the call.
  closeTimeout: CLOSE_MS,
};
/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001;
/** RFC 6455, 7.4.2: for private use; as HTTP's 401. */
const UNAUTHORIZED = 4401;

export interface WebSockets {
  /** Completes the handshake, then delivers the run, which the hub has opened. Null if the handshake fails. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, run: Run, cursor: Cursor): Served | null;
  /** Closes every socket with 1001; also one that is accepted later. */
  close(): void;
}

export interface WebSocketOptions {
  heartbeatMs: number;
  /** The store's time: ms since 1970. */
  now(): number;
}

/** An open one, and what is known of its peer. */
interface Peer {
  reader: WebSocketReader;
  /** Protocol pings that it has not answered. */
  missedPongs: number;
  ending: Ending;
}

export function createWebSockets({ heartbeatMs, now }: WebSocketOptions): WebSockets {
  const server = new WebSocketServer(SERVER_OPTIONS);
  const peers = new Map<WebSocket, Peer>();
  let isClosed = false;
  const looks = setInterval(look, heartbeatMs).unref();

  function look() {
    const stalled = performance.now() - MAX_STALLED_BEATS * heartbeatMs;
    for (const [socket, peer] of peers) {
      const since = peer.reader.stalledSince();
      if (peer.missedPongs >= MAX_MISSED_PONGS) cut(socket, peer, 'it did not answer pings');
      else if (since !== null && since < stalled) cut(socket, peer, 'it took nothing');
      else {
        peer.missedPongs++;
        socket.ping();
      }
    }
  }

  function deliver(socket: WebSocket, run: Run, cursor: Cursor): Served {
    const reader = createWebSocketReader(socket, now);
    const peer: Peer = { reader, missedPongs: 0, ending: 'the client left' };
    peers.set(socket, peer);
    let subscription: Subscription | undefined;
    socket.on('pong', () => {
      peer.missedPongs = 0;
    });
    // ws has closed the connection with the right code already.
    socket.on('error', () => {
      peer.ending = 'it broke the protocol';
    });
    if (isClosed) sendAway(socket, peer);
    else {
      subscription = run.subscribe(reader.reader, cursor);
      reader.read(subscription);
    }
    return {
      expire: () => {
        peer.ending = 'its token expired';
        socket.close(UNAUTHORIZED, 'the token has expired');
      },
      leave: () => {
        peers.delete(socket);
        subscription?.cancel();
        return {
          events: reader.eventCount(),
          cursors: subscription ? [subscription.cursor] : [],
          ending: reader.refusedMessage() ? 'it broke the protocol' : peer.ending,
        };
      },
    };
  }

  return {
    accept: (request, socket, head, run, cursor) => {
      let accepted: Served | null = null;
      // It calls back at once, or not at all.
      server.handleUpgrade(request, socket, head, (webSocket) => {
        accepted = deliver(webSocket, run, cursor);
      });
      return accepted;
    },
    close: () => {
      isClosed = true;
      clearInterval(looks);
      for (const [socket, peer] of peers) sendAway(socket, peer);
    },
  };
}

function cut(socket: WebSocket, peer: Peer, ending: Ending) {
  peer.ending = ending;
  socket.terminate();
}

function sendAway(socket: WebSocket, peer: Peer) {
  peer.ending = 'the service shuts down';
  socket.close(GOING_AWAY, 'server is going away');
}
