// All open streams, and long polls that wait: how one begins, shows that it lives, and ends.
import type { Socket } from 'node:net';
import type { Format } from './format.ts';
import { LongPoll, type LongPollOptions } from './long-poll.ts';
import { createPiece, type Piece } from './piece.ts';
import { type Start, Stream, type StreamOptions } from './stream.ts';

/** A socket that is full, and takes nothing for so many heartbeats, has nobody behind it. */
export const MAX_STALLED_BEATS = 4;
/** A look at every stream, fifteen times an interval, costs less than a timer for each. */
const LOOKS_PER_INTERVAL = 15;
const SHUTDOWN = 'the service shuts down';

export interface OpenStreams {
  /**
   * Sends the response's head and the format's first bytes at once: a router must see bytes though the run is silent. In
   * the same write goes what is there to read. The socket must flow, so that its end is noticed.
   */
  open(socket: Socket, options: StreamOptions & { head: string }, starts: readonly Start[]): Stream;
  /** Answers once with what follows, or says in time that nothing does. */
  answerOnce(socket: Socket, options: Omit<LongPollOptions, 'stallMs'>, starts: readonly Start[]): LongPoll;
  /** Breaks every stream off, each with its own moment to come back, and ends every wait; also later ones. */
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
  // Monotonic, and read at each look: ten thousand writes a turn don't ask the system for the time.
  let clock = performance.now();
  const lastLook = () => clock;
  setInterval(look, heartbeatMs / LOOKS_PER_INTERVAL).unref();

  function look() {
    clock = performance.now();
    const pings = new Map<Format, Piece>();
    for (const stream of streams) {
      if (clock - stream.writtenAt < heartbeatMs) continue;
      if (stream.isWritable()) stream.write(pingOf(stream.format, pings));
      // One beat has gone by already.
      else stream.watch((MAX_STALLED_BEATS - 1) * heartbeatMs);
    }
  }

  function pingOf(format: Format, pings: Map<Format, Piece>): Piece {
    const ping = pings.get(format) ?? createPiece(format.ping(now()));
    pings.set(format, ping);
    return ping;
  }

  function keep<T extends Stream | LongPoll>(socket: Socket, one: T, all: Set<T>) {
    all.add(one);
    socket.on('close', () => {
      all.delete(one);
      one.cancel();
    });
  }

  return {
    open: (socket, options, starts) => {
      const { format, head } = options;
      const stream = new Stream(socket, options, lastLook);
      keep(socket, stream, streams);
      socket.cork();
      stream.begin(head, format.hello(now()));
      stream.read(starts);
      if (isClosed) stream.breakOff(format.goodbye(now()), SHUTDOWN);
      socket.uncork();
      return stream;
    },
    answerOnce: (socket, options, starts) => {
      const longPoll = new LongPoll(socket, { ...options, stallMs: MAX_STALLED_BEATS * heartbeatMs });
      keep(socket, longPoll, longPolls);
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
