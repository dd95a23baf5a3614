// How much longer: from the rate of the last minutes, smoothed. Pure. No estimate is better than a silly one, so it
// stays silent until it has been steady for a while.

interface Sample {
  readonly ts: number;
  readonly progress: number;
}

export interface Estimate {
  /** Newest last, covering at most `WINDOW_MS`. */
  readonly samples: readonly Sample[];
  /** Smoothed end in server time. */
  readonly finishAt: number | null;
  /** Since when the rate and the smoothed end have agreed. */
  readonly steadySince: number | null;
}

export const noEstimate: Estimate = { samples: [], finishAt: null, steadySince: null };

const WINDOW_MS = 180_000;
const SMOOTHING_MS = 30_000;
/** What the rate must have been seen over, and for how long the end must have held still. */
const MIN_SPAN_MS = 10_000;
const MIN_ADVANCE = 0.03;
const STEADY_MS = 8_000;
const TOLERANCE = 0.3;
/** After this long without news the rate says nothing any more. */
const STALE_MS = 60_000;

/** Takes in a value at its time. A fall is a new attempt, whose rate is its own: everything starts over. */
export function observe(estimate: Estimate, ts: number, progress: number): Estimate {
  const last = estimate.samples.at(-1);
  if (last === undefined || progress < last.progress) {
    return { ...noEstimate, samples: [{ ts, progress }] };
  }
  if (progress === last.progress || ts <= last.ts) return estimate;
  const samples = [...estimate.samples.filter((sample) => ts - sample.ts <= WINDOW_MS), { ts, progress }];
  // The one before the window still tells where a long quiet stage began.
  if (samples.length === 1) samples.unshift(last);
  const first = samples[0] ?? last;
  const rawFinish = ts + ((1 - progress) * (ts - first.ts)) / (progress - first.progress);
  const weight = 1 - Math.exp(-(ts - last.ts) / SMOOTHING_MS);
  const before = estimate.finishAt ?? rawFinish;
  const finishAt = before + (rawFinish - before) * weight;
  const isSteady = Math.abs(rawFinish - before) <= TOLERANCE * Math.max(rawFinish - ts, 10_000);
  return { samples, finishAt, steadySince: isSteady ? (estimate.steadySince ?? ts) : null };
}

/** Milliseconds left at `now` (server time), or null while nothing sensible can be said. */
export function remainingMs(estimate: Estimate, now: number): number | null {
  const { samples, finishAt, steadySince } = estimate;
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || finishAt === null || steadySince === null) return null;
  if (last.progress >= 1 || now - last.ts > STALE_MS) return null;
  if (last.ts - first.ts < MIN_SPAN_MS || last.progress - first.progress < MIN_ADVANCE) return null;
  if (last.ts - steadySince < STEADY_MS) return null;
  return Math.max(0, finishAt - now);
}

/** Rounded as people speak: 0 ("almost there"), tens of seconds, minutes, fives, half hours. */
export function spokenMs(ms: number): number {
  const seconds = ms / 1000;
  if (seconds < 8) return 0;
  if (seconds < 55) return Math.ceil(seconds / 10) * 10_000;
  const minutes = seconds / 60;
  if (minutes < 10) return Math.max(1, Math.round(minutes)) * 60_000;
  if (minutes < 58) return Math.round(minutes / 5) * 300_000;
  return Math.round(minutes / 30) * 1_800_000;
}

/**
 * What to show next, given what is shown: falls freely, but rises only when it was clearly wrong, so that it never
 * counts up and down in turns.
 */
export function settleMs(shown: number | null, ms: number | null): number | null {
  if (ms === null) return null;
  const spoken = spokenMs(ms);
  if (shown === null || spoken <= shown) return spoken;
  return ms > shown * 1.5 + 10_000 ? spoken : shown;
}
