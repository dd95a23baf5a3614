// Calls functions when tokens expire. A wheel of seconds, so that ten thousand streams share one timer.

export interface Expiries {
  /** Calls `expire` once, within the second after `at` (ms since 1970). Returns a function that cancels this. */
  add(at: number, expire: () => void): () => void;
  close(): void;
}

const TICK_MS = 1000;

export function createExpiries(): Expiries {
  const wheel = new Map<number, Set<() => void>>();
  const ticker = setInterval(tick, TICK_MS).unref();

  /** Uses the host's clock, as tokens do. After the machine has slept, everything due is called at once. */
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
