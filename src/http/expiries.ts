// When tokens expire: streams end with theirs. A wheel of seconds: ten thousand streams share one timer.

export interface Expiries {
  /** Calls `expire` in the second after `at` (ms since 1970), once. The answer takes it back. */
  add(at: number, expire: () => void): () => void;
  close(): void;
}

const TICK_MS = 1000;

export function createExpiries(): Expiries {
  const wheel = new Map<number, Set<() => void>>();
  const ticker = setInterval(tick, TICK_MS).unref();

  /** By the host's clock, as tokens are: after a sleep of the machine all that is due goes at once. */
  function tick() {
    const now = Math.floor(Date.now() / TICK_MS);
    for (const [second, due] of wheel) {
      if (second > now) continue;
      wheel.delete(second);
      for (const expire of due) expire();
    }
  }

  return {
    add: (at, expire) => {
      const second = Math.ceil(at / TICK_MS);
      const due = wheel.get(second) ?? new Set();
      wheel.set(second, due);
      // A wrapper, as the same function may be added twice.
      const entry = () => expire();
      due.add(entry);
      return () => {
        due.delete(entry);
        if (due.size === 0 && wheel.get(second) === due) wheel.delete(second);
      };
    },
    close: () => clearInterval(ticker),
  };
}
