// WebSocket, as the pages of before use it: `initial_state`, then `progress`; `ping` is answered by `pong`. Here: how one
// begins, is known to live, and ends.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cursor } from '../runs/cursor.ts';
import type { Run } from '../runs/run.ts';
import { MAX_STALLED_BEATS } from './open-streams.ts';
import { createWebSocketReader, type WebSocketReader } from './web-socket-reader.ts';

const MAX_INBOUND_BYTES = 4096;
const MAX_MISSED_PONGS = 2;
/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001;
/** RFC 6455, 7.4.2: for private use; as HTTP's 401. */
const UNAUTHORIZED = 4401;

export interface WebSockets {
  /** Completes the handshake, then delivers the run, which the hub has opened. Null if the handshake fails. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    run: Run,
    cursor: Cursor,
  ): AcceptedWebSocket | null;
  /** Closes every socket with 1001; also one that is accepted later. */
  close(): void;
}

export interface AcceptedWebSocket {
  /** Its token has expired: closes with 4401. */
  expire(): void;
  /** What it was, for the log. */
  summary(): { events: number; lastId: number; ending: string };
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
}

export function createWebSockets({ heartbeatMs, now }: WebSocketOptions): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Answered where it is bounded.
    autoPong: false,
    maxPayload: MAX_INBOUND_BYTES,
  });
  const peers = new Map<WebSocket, Peer>();
  let isClosed = false;
  const looks = setInterval(look, heartbeatMs).unref();

  function look() {
    const stalled = performance.now() - MAX_STALLED_BEATS * heartbeatMs;
    for (const [socket, peer] of peers) {
      const since = peer.reader.stalledSince();
      if (peer.missedPongs >= MAX_MISSED_PONGS || (since !== null && since < stalled)) socket.terminate();
      else {
        peer.missedPongs++;
        socket.ping();
      }
    }
  }

  function deliver(socket: WebSocket, run: Run, cursor: Cursor): AcceptedWebSocket {
    const reader = createWebSocketReader(socket, now);
    const peer = { reader, missedPongs: 0 };
    peers.set(socket, peer);
    let ending = 'the client left';
    socket.on('pong', () => {
      peer.missedPongs = 0;
    });
    // A peer that breaks the protocol: ws has closed the connection with the right code already.
    socket.on('error', () => {});
    socket.on('close', (code) => {
      peers.delete(socket);
      ending = `closed with ${code}`;
    });
    if (isClosed) sendAway(socket);
    else {
      const subscription = run.subscribe(reader.reader, cursor);
      reader.read(subscription);
      socket.on('close', () => subscription.cancel());
    }
    return {
      expire: () => socket.close(UNAUTHORIZED, 'the token has expired'),
      summary: () => ({ ...reader.counts(), ending }),
    };
  }

  return {
    accept: (request, socket, head, run, cursor) => {
      let accepted: AcceptedWebSocket | null = null;
      // It calls back at once, or not at all.
      server.handleUpgrade(request, socket, head, (webSocket) => {
        accepted = deliver(webSocket, run, cursor);
      });
      return accepted;
    },
    close: () => {
      isClosed = true;
      clearInterval(looks);
      for (const socket of peers.keys()) sendAway(socket);
    },
  };
}

function sendAway(socket: WebSocket) {
  socket.close(GOING_AWAY, 'server is going away');
}
