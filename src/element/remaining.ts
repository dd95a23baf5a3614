// The remaining time that an element shows of its run: the estimate, and what was shown last.
import { noEstimate, observe, remainingMs, settleMs } from './estimate.ts';
import type { RunState } from './run-state.ts';

export interface Remaining {
  observe(run: RunState): void;
  /** What to show at `now` (server time), in ms; null while nothing sensible can be said. */
  ms(now: number): number | null;
}

export function createRemaining(): Remaining {
  let estimate = noEstimate;
  let shownMs: number | null = null;
  return {
    observe({ ts, progress }) {
      if (ts !== null && progress !== null) estimate = observe(estimate, ts, progress);
    },
    ms(now) {
      shownMs = settleMs(shownMs, remainingMs(estimate, now));
      return shownMs;
    },
  };
}
