// A WebSocket client that collects what it gets.
import { type ClientOptions, WebSocket } from 'ws';
import type { ProgressMessage, SnapshotMessage } from './messages.ts';
import { createObserved } from './observed.ts';

export type SocketMessage = SnapshotMessage | ProgressMessage | { type: 'pong'; ts: number };

export interface SocketReader {
  readonly socket: WebSocket;
  /** Text frames, parsed. */
  readonly messages: readonly SocketMessage[];
  until<T>(what: string, look: (reader: SocketReader) => T | undefined | null | false): Promise<T>;
  readonly closed: Promise<{ code: number; reason: string }>;
}

/** Fulfilled when it is open; rejects when the handshake is refused. */
export function openSocket(url: string, options: ClientOptions = {}): Promise<SocketReader> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, options);
    const messages: SocketMessage[] = [];
    const observed = createObserved(() => JSON.stringify(messages.slice(-5)));
    const closed = new Promise<{ code: number; reason: string }>((resolveClose) => {
      socket.on('close', (code, reason) => resolveClose({ code, reason: reason.toString() }));
    });
    const reader: SocketReader = {
      socket,
      messages,
      until: (what, look) => observed.until(what, () => look(reader)),
      closed,
    };
    socket.on('message', (data) => {
      messages.push(JSON.parse(data.toString()));
      observed.changed();
    });
    socket.on('open', () => resolve(reader));
    socket.on('error', reject);
  });
}
