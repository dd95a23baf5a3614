// WebSocket, as the pages of before use it: `initial_state`, then `progress`; `ping` is answered by `pong`.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Cursor } from '../runs/cursor.ts';
import { eventJson } from '../runs/event.ts';
import { parseTolerantJson } from '../runs/message.ts';
import type { Reader, Run, Subscription } from '../runs/run.ts';

const MAX_INBOUND_BYTES = 4096;
/** More than this unsent, and the socket counts as full. */
const MAX_BUFFERED_BYTES = 64 * 1024;
const MAX_MISSED_PONGS = 2;
/** Close codes (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
const INVALID_DATA = 1007;

export interface WebSockets {
  /** Completes the handshake, then delivers the run, which the hub has opened. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, run: Run, cursor: Cursor): void;
  /** Closes every socket with 1001; also one that is accepted later. */
  close(): void;
}

export interface WebSocketOptions {
  heartbeatMs: number;
  /** The store's time: ms since 1970. */
  now(): number;
  onOpen(): void;
  onClose(): void;
}

export function createWebSockets({ heartbeatMs, now, onOpen, onClose }: WebSocketOptions): WebSockets {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Answered below, where it is bounded.
    autoPong: false,
    maxPayload: MAX_INBOUND_BYTES,
  });
  /** Protocol pings that each peer has not answered. */
  const missedPongs = new Map<WebSocket, number>();
  let isClosed = false;
  const pinger = setInterval(pingAll, 2 * heartbeatMs).unref();

  function pingAll() {
    for (const [socket, missed] of missedPongs) {
      if (missed >= MAX_MISSED_PONGS) {
        socket.terminate();
        continue;
      }
      missedPongs.set(socket, missed + 1);
      socket.ping();
    }
  }

  function deliver(socket: WebSocket, run: Run, cursor: Cursor) {
    let subscription: Subscription | undefined;
    const hasRoom = () => socket.bufferedAmount <= MAX_BUFFERED_BYTES;
    const goOn = () => {
      if (hasRoom()) subscription?.advance();
    };
    const reader: Reader = {
      isWritable: () => socket.readyState === WebSocket.OPEN && hasRoom(),
      snapshot: ({ json }) => socket.send(json, goOn),
      events: (events) => {
        // Told once, when the last of them has gone: each would be as many looks as events.
        for (const event of events.slice(0, -1)) socket.send(eventJson(event));
        const last = events.at(-1);
        if (last) socket.send(eventJson(last), goOn);
      },
    };
    /** Answers to one who does not read them would be held without bound. */
    const reply = (send: () => void) => {
      if (hasRoom()) send();
      else socket.terminate();
    };
    missedPongs.set(socket, 0);
    socket.on('pong', () => missedPongs.set(socket, 0));
    socket.on('ping', (data) => reply(() => socket.pong(data)));
    socket.on('message', (data, isBinary) => reply(() => answer(socket, data, isBinary, now)));
    // A peer that breaks the protocol: ws has closed the connection with the right code already.
    socket.on('error', () => {});
    socket.on('close', () => {
      missedPongs.delete(socket);
      subscription?.cancel();
      onClose();
    });
    onOpen();
    if (isClosed) return sendAway(socket);
    subscription = run.subscribe(reader, cursor);
  }

  return {
    accept: (request, socket, head, run, cursor) => {
      server.handleUpgrade(request, socket, head, (webSocket) => deliver(webSocket, run, cursor));
    },
    close: () => {
      isClosed = true;
      clearInterval(pinger);
      for (const socket of missedPongs.keys()) sendAway(socket);
    },
  };
}

function sendAway(socket: WebSocket) {
  socket.close(GOING_AWAY, 'server is going away');
}

function answer(socket: WebSocket, data: RawData, isBinary: boolean, now: () => number) {
  if (isBinary) return socket.close(UNSUPPORTED_DATA, 'text frames only');
  const message = parseTolerantJson(data.toString());
  if (message === undefined) return socket.close(INVALID_DATA, 'not JSON');
  // `ts`: protocol pings are invisible to page code, so this is how a page learns that the server lives.
  if ((message as { type?: unknown } | null)?.type === 'ping')
    socket.send(JSON.stringify({ type: 'pong', ts: now() }));
}
