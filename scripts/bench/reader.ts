// One reader: a bare TCP connection that asks for a run's stream, or for a WebSocket, and hands on the bytes that come.
import { connect } from 'node:net';
import type { Protocol } from './turn.ts';

export interface Reader {
  /** At once, by RST: no port is left waiting. */
  close(): void;
}

export interface ReaderOptions {
  port: number;
  path: string;
  protocol: Protocol;
  /** The cursor to go on from. */
  lastEventId?: string | undefined;
  /** All that follows the answer's head. The bytes are gone after the call. */
  onBytes(bytes: Buffer): void;
}

/** One buffer for all: each read is handled before the next one begins, and a buffer of its own would cost each reader. */
const shared = Buffer.allocUnsafe(64 * 1024);
const END_OF_HEAD = '\r\n\r\n';
const WEB_SOCKET = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'cnVuLXByb2dyZXNzIGJlbg==',
};

/** Fulfilled when the server has accepted; rejected when it answers anything else. */
export function openReader({ port, path, protocol, lastEventId, onBytes }: ReaderOptions): Promise<Reader> {
  const isWebSocket = protocol === 'WebSocket';
  const headers = {
    Host: `127.0.0.1:${port}`,
    ...(isWebSocket ? WEB_SOCKET : { Accept: 'text/event-stream' }),
    ...(lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId }),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    let head = '';
    let isOpen = false;
    const take = (bytes: Buffer) => {
      if (isOpen) return onBytes(bytes);
      const headBefore = head.length;
      head += bytes.toString('latin1');
      const end = head.indexOf(END_OF_HEAD);
      if (end === -1) return;
      if (!head.startsWith(`HTTP/1.1 ${isWebSocket ? 101 : 200} `)) {
        socket.destroy(new Error(`the server answered ${JSON.stringify(head.slice(0, end))}`));
        return;
      }
      isOpen = true;
      resolve({ close: () => socket.resetAndDestroy() });
      const rest = bytes.subarray(end + END_OF_HEAD.length - headBefore);
      if (rest.length > 0) onBytes(rest);
    };
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: shared,
        callback: (length) => {
          take(shared.subarray(0, length));
          return true;
        },
      },
    });
    // Once it is open, what does not arrive any more is counted as missing.
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection before it answered')));
    socket.write(`GET ${path} ${isWebSocket ? 'HTTP/1.1' : protocol}\r\n${lines.join('')}\r\n`);
  });
}

/** Opens `count` readers, at most `atOnce` at a time. */
export async function openReaders(
  { count, atOnce = 128 }: { count: number; atOnce?: number },
  open: (index: number) => Promise<Reader>,
): Promise<Reader[]> {
  const readers: Reader[] = [];
  let next = 0;
  const openSome = async () => {
    while (next < count) readers.push(await open(next++));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, openSome));
  return readers;
}
