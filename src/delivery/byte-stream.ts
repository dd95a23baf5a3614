// A response that stays open: bytes straight to the socket, its end is the end of the connection.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

export interface ByteStream {
  /** The socket takes bytes. While it is full, what is written would be held in memory. */
  isWritable(): boolean;
  /** When the last bytes were written, so also since when it is full, if it is: ms since 1970. */
  readonly writtenAt: number;
  write(bytes: Buffer | string): void;
  /** Sends what was written, then closes. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

export interface ByteStreamEvents {
  onDrain(): void;
  /** Once, whoever closed it. */
  onClose(): void;
}

/**
 * Sends the headers at once. The body has no length and no chunks, so that an event costs one write of shared bytes;
 * a connection therefore carries one stream (RFC 9112, 6.3: a body that ends with the connection).
 */
export function openByteStream(
  response: ServerResponse,
  headers: OutgoingHttpHeaders,
  events: ByteStreamEvents,
): ByteStream {
  const { socket } = response;
  if (!socket) throw new Error('a stream needs its connection for itself');
  let writtenAt = Date.now();
  response.removeHeader('Transfer-Encoding');
  response.writeHead(200, { ...headers, Connection: 'close' });
  // Headers and first bytes in one packet.
  socket.cork();
  response.flushHeaders();
  process.nextTick(() => socket.uncork());
  socket.on('drain', events.onDrain);
  socket.once('close', events.onClose);
  return {
    isWritable: () => !response.writableEnded && !socket.writableNeedDrain && !socket.destroyed,
    get writtenAt() {
      return writtenAt;
    },
    write: (bytes) => {
      writtenAt = Date.now();
      socket.write(bytes);
    },
    end: () => {
      response.end();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}
