// The fold: how waiting updates of a run become fewer when Redis is away for long. Pure; publish_progress.py says the same,
// and test/publish/vectors.json holds the two to each other.
import type { Update } from '../runs/update.ts';

/**
 * At most `most` updates (at least 1) that leave the run as all of them would, in order. Neighbours are joined, the
 * oldest first, where no log line is lost by it; if that isn't enough the oldest lines go; the end of a run only if all
 * are ends.
 */
export function fold(updates: readonly Update[], most: number, terminalStates: readonly string[]): Update[] {
  const hasEnd = (before: Update, update: Update) =>
    before.state !== undefined && terminalStates.includes(before.state) && update.state !== undefined;
  const rules = [
    (before: Update, update: Update) => !hasBothLines(before, update) && !hasEnd(before, update),
    (before: Update, update: Update) => !hasEnd(before, update),
    () => true,
  ];
  return rules.reduce((folded, mayJoin) => joinOldest(folded, most, mayJoin), [...updates]);
}

function joinOldest(
  updates: readonly Update[],
  most: number,
  mayJoin: (before: Update, update: Update) => boolean,
): Update[] {
  let excess = updates.length - most;
  const folded: Update[] = [];
  for (const update of updates) {
    const before = folded.at(-1);
    if (before && excess > 0 && mayJoin(before, update)) {
      folded[folded.length - 1] = { ...before, ...update };
      excess--;
    } else folded.push(update);
  }
  return folded;
}

function hasBothLines(before: Update, update: Update): boolean {
  return before.log !== undefined && update.log !== undefined;
}
