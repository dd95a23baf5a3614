// One open WebSocket: what it is sent, in parts that its peer takes, and what it answers.
import type { RawData, WebSocket } from 'ws';
import type { RunEvent } from '../runs/event.ts';
import { parseTolerantJson } from '../runs/message.ts';
import type { Reader, Subscription } from '../runs/run.ts';
import { onceForAll } from './once-for-all.ts';

/** More than this unsent, and the socket counts as full. */
const MAX_BUFFERED_BYTES = 64 * 1024;
/** Close codes (RFC 6455, 7.4.1). */
const UNSUPPORTED_DATA = 1003;
const INVALID_DATA = 1007;

export interface WebSocketReader {
  readonly reader: Reader;
  /** Goes on with the subscription whenever there is room. */
  read(subscription: Subscription): void;
  /** Since when the peer has taken nothing of what waits for it: ms, monotonic; null: nothing waits. */
  stalledSince(): number | null;
  eventCount(): number;
  /** It closed the socket for what the peer sent. */
  refusedMessage(): boolean;
}

/** `now`: the store's time, ms since 1970. */
export function createWebSocketReader(socket: WebSocket, now: () => number): WebSocketReader {
  let subscription: Subscription | undefined;
  /** What is left of a message: fragments, as a large one would hide whether its peer takes anything. */
  let rest: readonly Buffer[] = [];
  let owesPong = false;
  let owedPong: Buffer | undefined;
  let movedAt = 0;
  let eventCount = 0;
  let refusedMessage = false;

  const hasRoom = () => socket.bufferedAmount <= MAX_BUFFERED_BYTES;
  const isOpen = () => socket.readyState === socket.OPEN;

  function isIdle(): boolean {
    if (socket.bufferedAmount > 0) return false;
    movedAt = performance.now();
    return true;
  }

  function send(bytes: Buffer, fin: boolean) {
    isIdle();
    socket.send(bytes, { binary: false, fin }, goOn);
  }

  function sendRest() {
    while (rest.length > 0 && hasRoom() && isOpen()) {
      const [part, ...more] = rest;
      rest = more;
      if (part) send(part, more.length === 0);
    }
  }

  function answerPings() {
    if (rest.length > 0 || !hasRoom() || !isOpen()) return;
    isIdle();
    if (owedPong) socket.pong(owedPong, false, goOn);
    if (owesPong) send(Buffer.from(JSON.stringify({ type: 'pong', ts: now() })), true);
    owedPong = undefined;
    owesPong = false;
  }

  /** Something of what waited has gone. */
  function goOn() {
    movedAt = performance.now();
    sendRest();
    answerPings();
    if (hasRoom()) subscription?.advance();
  }

  function refuse(code: number, reason: string) {
    refusedMessage = true;
    socket.close(code, reason);
  }

  function take(data: RawData, isBinary: boolean) {
    if (isBinary) return refuse(UNSUPPORTED_DATA, 'text frames only');
    const message = parseTolerantJson(data.toString());
    if (message === undefined) return refuse(INVALID_DATA, 'not JSON');
    // Answered with the time: protocol pings are invisible to page code, so this is how a page learns that the server lives.
    owesPong ||= (message as { type?: unknown } | null)?.type === 'ping';
    answerPings();
  }

  socket.on('message', take);
  // The newest one alone has to be answered (RFC 6455, 5.5.3): what its peer never reads waits in bounded space.
  socket.on('ping', (data) => {
    owedPong = data;
    answerPings();
  });

  return {
    reader: {
      isWritable: () => isOpen() && rest.length === 0 && hasRoom(),
      snapshot: ({ parts }) => {
        rest = parts;
        sendRest();
      },
      events: (events) => {
        eventCount += events.length;
        for (const json of encoded(events)) send(json, true);
      },
    },
    read: (from) => {
      subscription = from;
    },
    stalledSince: () => (isIdle() ? null : movedAt),
    eventCount: () => eventCount,
    refusedMessage: () => refusedMessage,
  };
}

const encoded = onceForAll((events: readonly RunEvent[]) => events.map(({ json }) => Buffer.from(json)));
