// The exit codes of the commands, and which of them `watch` answers with. Pure.
import type { WatchedRun } from './watched-runs.ts';

/** Beside each command's own. 124 is what `timeout` answers; a shell makes 130 of Ctrl-C, and 143 of SIGTERM. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  timeout: 124,
  interrupted: 130,
  terminated: 143,
} as const;

/** When watching ends, and well or not. */
export interface EndRule {
  /** With the first run that ends, instead of the last. */
  any: boolean;
  failedStates: readonly string[];
}

/** What `watch` answers to the ends of its runs; null while it goes on watching. */
export function exitCodeOf(runs: readonly WatchedRun[], { any, failedStates }: EndRule): number | null {
  const ended = runs.filter(({ run }) => run.done);
  if (ended.length === 0 || (!any && ended.length < runs.length)) return null;
  const failed = ended.filter(({ run }) => failedStates.includes(run.state ?? ''));
  // With `any` the first that ends decides; where two ended together one that ended well is enough.
  const isWell = any ? failed.length < ended.length : failed.length === 0;
  return isWell ? EXIT.ok : EXIT.failed;
}
