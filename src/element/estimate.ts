// How much longer: from the rate of the last minutes, smoothed. Pure. No estimate is better than a silly one, so it
// stays silent until it has been steady for a while.

interface Sample {
  readonly ts: number;
  readonly progress: number;
}

export interface Estimate {
  /** Newest last, covering about `WINDOW_MS`. */
  readonly samples: readonly Sample[];
  /** Smoothed end in server time. */
  readonly finishAt: number;
  /** Since when the rate and the smoothed end have agreed. */
  readonly steadySince: number;
}

export const noEstimate: Estimate = { samples: [], finishAt: 0, steadySince: 0 };

const WINDOW_MS = 180_000;
const SMOOTHING_MS = 30_000;
/** What the rate must have been seen over, and for how long the end must have held still. */
const MIN_ADVANCE = 0.03;
const STEADY_MS = 8_000;
const TOLERANCE = 0.3;
/** After this long without news the rate says nothing any more. */
const STALE_MS = 60_000;

/** Takes in a value at its time. A fall is a new attempt, whose rate is its own: everything starts over. */
export function observe(estimate: Estimate, ts: number, progress: number): Estimate {
  const last = estimate.samples.at(-1);
  if (last === undefined || progress < last.progress)
    return { ...noEstimate, samples: [{ ts, progress }], steadySince: ts };
  if (progress === last.progress || ts <= last.ts) return estimate;
  const recent = estimate.samples.filter((sample) => ts - sample.ts <= WINDOW_MS);
  // Even one before the window still tells how long a quiet stage took.
  const first = recent[0] ?? last;
  const raw = ts + ((1 - progress) * (ts - first.ts)) / (progress - first.progress);
  const before = estimate.finishAt || raw;
  const isSteady = Math.abs(raw - before) <= TOLERANCE * Math.max(raw - ts, 10_000);
  return {
    samples: [...(recent.length > 0 ? recent : [last]), { ts, progress }],
    // Smoothed only while it holds: from a wrong beginning it would be a long way.
    finishAt: isSteady ? before + (raw - before) * (1 - Math.exp((last.ts - ts) / SMOOTHING_MS)) : raw,
    steadySince: isSteady ? estimate.steadySince : ts,
  };
}

/** Milliseconds left at `now` (server time), or null while nothing sensible can be said. */
export function remainingMs({ samples, finishAt, steadySince }: Estimate, now: number): number | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.ts - steadySince < STEADY_MS) return null;
  if (last.progress >= 1 || last.progress - first.progress < MIN_ADVANCE || now - last.ts > STALE_MS)
    return null;
  return Math.max(0, finishAt - now);
}

/** Rounded as people speak: 0 ("almost there"), tens of seconds, minutes, fives, half hours. */
export function spokenMs(ms: number): number {
  if (ms < 8_000) return 0;
  const step = ms < 55_000 ? 10_000 : ms < 570_000 ? 60_000 : ms < 3_450_000 ? 300_000 : 1_800_000;
  return Math.max(step, Math.round(ms / step) * step);
}

/**
 * What to show next, given what is shown: falls freely, but rises only when it was clearly wrong, so that it never
 * counts up and down in turns.
 */
export function settleMs(shown: number | null, ms: number | null): number | null {
  if (ms === null) return null;
  const isWrong = shown === null || ms > shown * 1.5 + 10_000;
  return isWrong ? spokenMs(ms) : Math.min(shown, spokenMs(ms));
}
