// All open event streams: how one begins, shows that it lives, and ends.
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type ByteStream, openByteStream } from './byte-stream.ts';
import type { Heartbeat } from './heartbeat.ts';
import { pingFrame, retryFrame } from './sse-frames.ts';

export const SSE_HEADERS: OutgoingHttpHeaders = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-cache, no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

const RETRY = { leastMs: 1000, mostMs: 3000 };
/** At a shutdown all streams end together. */
const SHUTDOWN_RETRY = { leastMs: 500, mostMs: 5000 };
/** A socket that takes nothing for so many heartbeats has nobody behind it. */
const MAX_STALLED_BEATS = 4;

export interface SseStreams {
  /**
   * Sends headers, `retry:` and a first ping at once: a router must see bytes though the run is silent.
   * `events.onClose` comes once, whoever closed the stream.
   */
  open(response: ServerResponse, events: { onDrain(): void; onClose(): void }): ByteStream;
  /** Ends every stream cleanly, each with its own moment to come back. */
  close(): void;
}

export interface SseStreamsOptions {
  heartbeat: Heartbeat;
  onOpen(): void;
  onClose(): void;
}

export function createSseStreams({ heartbeat, onOpen, onClose }: SseStreamsOptions): SseStreams {
  const streams = new Set<ByteStream>();

  return {
    open: (response, events) => {
      const stream = openByteStream(response, SSE_HEADERS, {
        onDrain: events.onDrain,
        onClose: () => {
          streams.delete(stream);
          heartbeat.delete(beating);
          events.onClose();
          onClose();
        },
      });
      const beating = {
        get writtenAt() {
          return stream.writtenAt;
        },
        beat: () => {
          if (stream.isWritable()) stream.write(pingFrame());
          else if (Date.now() - stream.writtenAt > MAX_STALLED_BEATS * heartbeat.intervalMs) stream.destroy();
        },
      };
      onOpen();
      streams.add(stream);
      heartbeat.add(beating);
      stream.write(retryFrame(RETRY) + pingFrame());
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
