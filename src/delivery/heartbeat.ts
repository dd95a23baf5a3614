// One clock for all open streams: tells each when it has been silent for an interval.

export interface Beating {
  /** When it last sent something: ms since 1970. */
  readonly writtenAt: number;
  beat(): void;
}

export interface Heartbeat {
  readonly intervalMs: number;
  add(stream: Beating): void;
  delete(stream: Beating): void;
  close(): void;
}

/** A look at every stream, fifteen times an interval, costs less than a timer for each. */
const LOOKS_PER_INTERVAL = 15;

export function createHeartbeat(intervalMs: number): Heartbeat {
  const streams = new Set<Beating>();
  const timer = setInterval(() => {
    const due = Date.now() - intervalMs;
    for (const stream of streams) if (stream.writtenAt <= due) stream.beat();
  }, intervalMs / LOOKS_PER_INTERVAL).unref();
  return {
    intervalMs,
    add: (stream) => {
      streams.add(stream);
    },
    delete: (stream) => {
      streams.delete(stream);
    },
    close: () => clearInterval(timer),
  };
}
