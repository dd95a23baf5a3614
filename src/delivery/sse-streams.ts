// All open event streams: how one begins, shows that it lives, and ends.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { pingFrame, retryFrame, type SseFrames } from './sse-frames.ts';
import { SseStream } from './sse-stream.ts';

export const SSE_HEADERS: OutgoingHttpHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

const RETRY = { leastMs: 1000, mostMs: 3000 };
/** At a shutdown all streams end together. */
const SHUTDOWN_RETRY = { leastMs: 500, mostMs: 5000 };
/** A socket that is full, and takes nothing for so many heartbeats, has nobody behind it. */
const MAX_STALLED_BEATS = 4;
/** A look at every stream, fifteen times an interval, costs less than a timer for each. */
const LOOKS_PER_INTERVAL = 15;

export interface SseStreams {
  /**
   * Sends headers, `retry:` and a first ping at once: a router must see bytes though the run is silent. Throws TypeError
   * for a response without a socket.
   */
  open(response: ServerResponse, frames: SseFrames): SseStream;
  /** Ends every stream cleanly, each with its own moment to come back. */
  close(): void;
}

export interface SseStreamsOptions {
  heartbeatMs: number;
  onOpen(): void;
  onClose(): void;
}

export function createSseStreams({ heartbeatMs, onOpen, onClose }: SseStreamsOptions): SseStreams {
  const streams = new Set<SseStream>();
  // Read at each look: ten thousand writes a turn don't ask the system for the time.
  let clock = Date.now();
  setInterval(look, heartbeatMs / LOOKS_PER_INTERVAL).unref();

  function look() {
    clock = Date.now();
    for (const stream of streams) {
      if (clock - stream.writtenAt < heartbeatMs) continue;
      if (stream.isWritable()) stream.write(pingFrame());
      // One beat has gone by already.
      else stream.watch((MAX_STALLED_BEATS - 1) * heartbeatMs);
    }
  }

  return {
    open: (response, frames) => {
      const { socket } = response;
      if (!socket)
        throw new TypeError(
          'a response that has its socket, which one that is pipelined behind another has not',
        );
      const stream = new SseStream(socket, frames, () => clock);
      stream.write(responseHead(response.getHeaders()) + retryFrame(RETRY) + pingFrame());
      streams.add(stream);
      onOpen();
      response.on('close', () => {
        streams.delete(stream);
        stream.cancel();
        onClose();
      });
      return stream;
    },
    close: () => {
      for (const stream of streams) {
        stream.write(retryFrame(SHUTDOWN_RETRY));
        stream.end();
      }
    },
  };
}

/**
 * The head of the response (RFC 9112, 4), with what the server has put into it. Written by hand and to the socket, like
 * all that follows: a response that has written its own keeps a kilobyte of it for as long as the stream is open.
 */
function responseHead(headers: OutgoingHttpHeaders): string {
  const all = { ...headers, ...SSE_HEADERS, Connection: 'close', Date: new Date().toUTCString() };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 200 OK\r\n${lines.join('')}\r\n`;
}
