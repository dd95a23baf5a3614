// When a silent body says that it lives. A heartbeat is an event like any other, and a history has room for 500: in a silence
// of hours they become rare, or they would push out the lines that people want to read. publish_progress.py says the same.

/** So many in a row come after an interval each: with 30 s an hour. */
const FREQUENT = 120;
const RARE_MS = 300_000;

export interface Heartbeat {
  /** Something else was said: the silence begins anew. */
  restart(): void;
  stop(): void;
}

/** Calls `beat` while nothing else is said, with the pause before it: see `pauseBefore`. It keeps no process running. */
export function createHeartbeat(intervalMs: number, beat: (pauseMs: number) => void): Heartbeat {
  let intervals = 0;
  const timer = setInterval(() => {
    intervals++;
    const pauseMs = pauseBefore(intervals, intervalMs);
    if (pauseMs !== null) beat(pauseMs);
  }, intervalMs).unref();
  return {
    restart: () => {
      intervals = 0;
      timer.refresh();
    },
    stop: () => clearInterval(timer),
  };
}

/**
 * The pause before the heartbeat that is due after a silence of so many intervals; null if none is due. One is due after each
 * interval, and from the 121st on each 5 minutes, or as many whole intervals as fit into that.
 */
export function pauseBefore(intervals: number, intervalMs: number): number | null {
  if (intervals <= FREQUENT) return intervalMs;
  const every = Math.max(1, Math.floor(RARE_MS / intervalMs));
  return (intervals - FREQUENT) % every === 0 ? every * intervalMs : null;
}
