// How long things take, counted in buckets: cheap enough for every event. Counts only; the bounds are fixed.
import { type RunEvent, recordedAt } from './event.ts';

export interface Latency {
  /** A negative one counts as 0, as two clocks may differ by a little; NaN isn't counted. */
  observe(ms: number): void;
  /** Since the start. */
  totals(): LatencyTotals;
}

export interface LatencyTotals {
  /** How many took up to BOUNDS_MS[i] and longer than the bound before it; the last one: longer than every bound. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

/** From times that nobody notices to times that nobody waits for. */
export const BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000,
];

/** From an event's `ts` until now, by the same clock. */
export function createEventLatency(now: () => number) {
  const latency = createLatency();
  return {
    note: (events: readonly RunEvent[]) => {
      const at = now();
      for (const event of events) latency.observe(at - recordedAt(event));
    },
    totals: latency.totals,
  };
}

export function createLatency(): Latency {
  const counts = Array.from({ length: BOUNDS_MS.length + 1 }, () => 0);
  let sumMs = 0;

  return {
    observe: (ms) => {
      if (Number.isNaN(ms)) return;
      let place = 0;
      while (place < BOUNDS_MS.length && ms > (BOUNDS_MS[place] ?? 0)) place++;
      counts[place] = (counts[place] ?? 0) + 1;
      sumMs += Math.max(ms, 0);
    },
    totals: () => ({ counts: [...counts], sumMs }),
  };
}
