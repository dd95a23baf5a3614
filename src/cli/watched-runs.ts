// What is known of the runs that are watched. Pure.
import { type Estimate, noEstimate, observe, remainingMs, settleMs } from '../element/estimate.ts';
import type { Message } from '../element/message.ts';
import { reduce } from '../element/reducer.ts';
import { emptyRun, type Line, type RunState } from '../element/run-state.ts';

export interface WatchedRun {
  readonly runId: string;
  readonly run: RunState;
  readonly current: number | null;
  readonly total: number | null;
  readonly estimate: Estimate;
  /** Spoken time left, as it is shown; null while nothing sensible can be said. */
  readonly leftMs: number | null;
}

export function watchedRun(runId: string): WatchedRun {
  return { runId, run: emptyRun, current: null, total: null, estimate: noEstimate, leftMs: null };
}

/** After a message; the very same object when it brings nothing new. */
export function afterMessage(before: WatchedRun, message: Message): WatchedRun {
  const run = reduce(before.run, message);
  if (run === before.run) return before;
  const { current = null, total = null } = message as { current?: number | null; total?: number | null };
  const isMeasured = run.progress !== null && run.ts !== null;
  const estimate = isMeasured ? observe(before.estimate, run.ts ?? 0, run.progress ?? 0) : before.estimate;
  return { ...before, run, current, total, estimate };
}

/** As time goes by; `now` is the server's. */
export function atTime(before: WatchedRun, now: number): WatchedRun {
  const left = before.run.done ? null : remainingMs(before.estimate, now);
  const leftMs = settleMs(before.leftMs, left);
  return leftMs === before.leftMs ? before : { ...before, leftMs };
}

/** The lines of the log that `after` has and `before` hasn't. */
export function newLines(before: RunState, after: RunState): readonly Line[] {
  if (after.lines === before.lines) return [];
  const last = before.lines.at(-1);
  if (last === undefined) return after.lines;
  const at = after.lines.lastIndexOf(last);
  if (at !== -1) return after.lines.slice(at + 1);
  // A snapshot has made all lines anew: those of a later time are new, and of those at the same time the last ones.
  const had = before.lines.filter(({ ts }) => ts === last.ts).length;
  const have = after.lines.filter(({ ts }) => ts === last.ts).length;
  const later = after.lines.filter(({ ts }) => ts > last.ts).length;
  const count = later + Math.max(0, have - had);
  return count === 0 ? [] : after.lines.slice(-count);
}
