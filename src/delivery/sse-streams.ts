// All open event streams: how one begins, shows that it lives, and ends.
import type { OutgoingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Reader, Subscription } from '../runs/run.ts';
import { responseHead } from './response-head.ts';
import { pingFrame, retryFrame, type SseFrames } from './sse-frames.ts';
import { SseStream } from './sse-stream.ts';

export const SSE_HEADERS: OutgoingHttpHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
  Connection: 'close',
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
   * Sends headers, `retry:` and a first ping at once: a router must see bytes though the run is silent. In the same write
   * goes what `subscribe` makes of the stream. The socket must flow, so that its end is noticed.
   */
  open(
    socket: Socket,
    headers: OutgoingHttpHeaders,
    frames: SseFrames,
    subscribe: (reader: Reader) => Subscription[],
  ): void;
  /** Ends every stream cleanly, each with its own moment to come back; also one that is opened later. */
  close(): void;
}

export interface SseStreamsOptions {
  heartbeatMs: number;
  onOpen(): void;
  onClose(): void;
}

export function createSseStreams({ heartbeatMs, onOpen, onClose }: SseStreamsOptions): SseStreams {
  const streams = new Set<SseStream>();
  let isClosed = false;
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
    open: (socket, headers, frames, subscribe) => {
      const stream = new SseStream(socket, frames, () => clock);
      streams.add(stream);
      onOpen();
      socket.on('close', () => {
        streams.delete(stream);
        stream.cancel();
        onClose();
      });
      socket.cork();
      stream.write(responseHead(200, { ...headers, ...SSE_HEADERS }) + retryFrame(RETRY) + pingFrame());
      stream.read(subscribe(stream));
      if (isClosed) sendAway(stream);
      socket.uncork();
    },
    close: () => {
      isClosed = true;
      for (const stream of streams) sendAway(stream);
    },
  };
}

function sendAway(stream: SseStream) {
  stream.write(retryFrame(SHUTDOWN_RETRY));
  stream.end();
}
