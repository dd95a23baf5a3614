// What is recorded: an update under its name, and the run's values after it. record.lua says the same to Redis; a model
// in the tests holds the two to each other.
import { MAX_COUNT, type Update } from './update.ts';

/**
 * The name of an update: two updates of a run with the same name are one update that was sent twice.
 *
 * `source` is a publisher's random id (it begins with a letter), or for a raw message the epoch of the marker that it
 * was counted from (digits: microseconds). `n` counts up from 1 within the source.
 */
export interface Name {
  source: string;
  n: number;
}

/** An update, named, for one run. */
export interface Recording {
  runId: string;
  update: Update;
  name: Name;
  /** An idempotency key: an update that bears one which the history holds already is a repeat. Visible ASCII or spaces. */
  key?: string;
  /** A sign of life: a repeat where the run was heard within so many ms, whoever spoke. */
  silenceMs?: number;
}

/** A run's values: null, or absent, until a publisher gave one. */
export interface RunValues {
  state: string | null;
  progress: number | null;
  current?: number;
  total?: number;
  /** The highest one given. */
  attempt?: number;
}

export const NO_VALUES: RunValues = { state: null, progress: null };

/**
 * The run's values after an update. Null for one that is not to be recorded, because its attempt is lower than the
 * run's; with a higher one all values begin anew.
 */
export function valuesAfter(before: RunValues, update: Update): RunValues | null {
  const { attempt = before.attempt } = update;
  const known = before.attempt ?? -1;
  if (attempt !== undefined && attempt < known) return null;
  const isNew = attempt !== undefined && attempt > known;
  const { state, progress, ...counters } = isNew ? NO_VALUES : before;
  return {
    state: update.state ?? state,
    progress: update.progress ?? progress,
    ...counters,
    ...counted(counters, update),
    ...(attempt !== undefined && { attempt }),
  };
}

function counted(before: Partial<RunValues>, update: Update): Partial<RunValues> {
  const { current, advance = 0 } = update;
  if (current === undefined && update.total === undefined && advance === 0) return {};
  const total = update.total ?? before.total;
  const sum = decimal(Math.min((current ?? before.current ?? 0) + advance, MAX_COUNT));
  if (total === undefined) return { current: sum };
  return { current: sum, total: decimal(total), progress: decimal(Math.min(sum / total, 1)) };
}

/** To 15 significant digits, in which sums of decimals are exact: forty times 0.1 is 4. */
export function decimal(value: number): number {
  return Number(value < 1e-4 ? value.toFixed(18) : value.toPrecision(15));
}
