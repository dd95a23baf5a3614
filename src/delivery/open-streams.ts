// All open streams and waiting long polls: opens them, sends their pings, and closes them.
import type { Socket } from 'node:net';
import type { Format } from './format.ts';
import { LongPoll, type LongPollOptions } from './long-poll.ts';
import { onceForAll } from './once-for-all.ts';
import { createPiece } from './piece.ts';
import { type Start, Stream, type StreamOptions } from './stream.ts';

/** A full socket is closed when its peer takes nothing for this many heartbeats. */
export const MAX_STALLED_BEATS = 4;
/** To look at every stream fifteen times in an interval costs less than a timer for each. */
const LOOKS_PER_INTERVAL = 15;
const SHUTDOWN = 'the service shuts down';

export interface OpenStreams {
  /**
   * Sends the response's head and the format's first bytes at once, as routers expect bytes even from a silent run. The
   * events that are there to read go in the same write. The socket must flow, so that its end is noticed. It is kept
   * until its `leave` is called.
   */
  open(socket: Socket, options: StreamOptions & { head: string }, starts: readonly Start[]): Stream;
  /** Answers once: with the messages after the cursors, or after a while that there are none. */
  answerOnce(socket: Socket, options: Omit<LongPollOptions, 'stallMs'>, starts: readonly Start[]): LongPoll;
  /** Ends all streams and waits, and those that are opened later. Each stream is told its own moment to come back. */
  close(): void;
}

export interface OpenStreamsOptions {
  heartbeatMs: number;
  /** The store's time: ms since 1970. */
  now(): number;
}

export function createOpenStreams({ heartbeatMs, now }: OpenStreamsOptions): OpenStreams {
  const streams = new Set<Stream>();
  const longPolls = new Set<LongPoll>();
  let isClosed = false;
  // Monotonic, and set at each look, so that ten thousand writes don't ask the system for the time.
  const home = { streams, clockMs: performance.now() };
  setInterval(look, heartbeatMs / LOOKS_PER_INTERVAL).unref();

  function look() {
    home.clockMs = performance.now();
    const pingOf = onceForAll((format: Format) => createPiece(format.ping(now())));
    for (const stream of streams) {
      if (home.clockMs - stream.writtenAt < heartbeatMs) continue;
      if (stream.isWritable()) stream.write(pingOf(stream.format));
      // One beat has gone by already.
      else stream.watch((MAX_STALLED_BEATS - 1) * heartbeatMs);
    }
  }

  return {
    open: (socket, options, starts) => {
      const { format, head } = options;
      const stream = new Stream(socket, options, home);
      socket.cork();
      stream.writeText(format.hello(now()), head);
      stream.read(starts);
      if (isClosed) stream.breakOff(format.goodbye(now()), SHUTDOWN);
      socket.uncork();
      return stream;
    },
    answerOnce: (socket, options, starts) => {
      const stallMs = MAX_STALLED_BEATS * heartbeatMs;
      const longPoll = new LongPoll(socket, { ...options, stallMs }, longPolls);
      if (isClosed) longPoll.refuse();
      else longPoll.read(starts);
      return longPoll;
    },
    close: () => {
      isClosed = true;
      for (const longPoll of longPolls) longPoll.refuse();
      for (const stream of streams) stream.breakOff(stream.format.goodbye(now()), SHUTDOWN);
    },
  };
}
