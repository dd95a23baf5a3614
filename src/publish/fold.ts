// The fold: how waiting updates of a run become fewer when Redis is away for long. Pure; publish_progress.py says the same,
// and test/publish/vectors.json holds the two to each other.
import { decimal } from '../runs/recording.ts';
import { cutLog, type Update } from '../runs/update.ts';

/** An update that waits to be sent. */
export interface Waiting extends Update {
  /** An idempotency key: see `Recording`. */
  key?: string;
  /** A sign of life: see `Recording`. */
  silenceMs?: number;
  /** Its number among all that the publisher was given; of joined ones the last. */
  place?: number;
}

/**
 * At most `most` updates (at least 1) that leave the run as all of them would, in order. Neighbours are joined, the
 * oldest first, where no log line is lost by it; if that isn't enough the oldest lines go; the end of a run, and what one
 * update can't say, only if nothing else is left.
 */
export function fold(
  updates: readonly Waiting[],
  most: number,
  terminalStates: readonly string[],
): Waiting[] {
  const isApart = (before: Waiting, update: Waiting) =>
    before.key !== undefined ||
    update.key !== undefined ||
    (before.state !== undefined && terminalStates.includes(before.state) && update.state !== undefined) ||
    before.attempt !== update.attempt ||
    (before.progress !== undefined && isCounting(update)) ||
    (update.progress !== undefined && isCounting(before));
  const rules = [
    (before: Waiting, update: Waiting) => !hasBothLines(before, update) && !isApart(before, update),
    (before: Waiting, update: Waiting) => !isApart(before, update),
    () => true,
  ];
  return rules.reduce((folded, mayJoin) => joinOldest(folded, most, mayJoin), [...updates]);
}

function joinOldest(
  updates: readonly Waiting[],
  most: number,
  mayJoin: (before: Waiting, update: Waiting) => boolean,
): Waiting[] {
  let excess = updates.length - most;
  const folded: Waiting[] = [];
  for (const update of updates) {
    const before = folded.at(-1);
    if (before && excess > 0 && mayJoin(before, update)) {
      folded[folded.length - 1] = join(before, update);
      excess--;
    } else folded.push(update);
  }
  return folded;
}

function hasBothLines(before: Update, update: Update): boolean {
  return before.log !== undefined && update.log !== undefined;
}

function isCounting({ current, total, advance }: Update): boolean {
  return (current ?? total ?? advance) !== undefined;
}

/** Of what one update can't say the newer part stays. */
function join(before: Waiting, update: Waiting): Waiting {
  if (update.attempt !== undefined && update.attempt !== before.attempt)
    return ofHigherAttempt(before, update);
  const joined = { ...before, ...update };
  // If the key's first update is recorded already, what was joined to its repeat would be left out with it.
  if (update.key === undefined) delete joined.key;
  // What more it says is no repeat.
  if (before.silenceMs === undefined || update.silenceMs === undefined) delete joined.silenceMs;
  if (before.log !== undefined && update.log !== undefined) joined.log = withoutLine(before.log, update.log);
  if (update.progress !== undefined) {
    delete joined.current;
    delete joined.total;
    delete joined.advance;
    return joined;
  }
  if (isCounting(update)) delete joined.progress;
  if (update.current !== undefined && update.advance === undefined) delete joined.advance;
  if (update.current === undefined && before.advance !== undefined && update.advance !== undefined)
    joined.advance = decimal(before.advance + update.advance);
  return joined;
}

function ofHigherAttempt(before: Waiting, update: Waiting): Waiting {
  if ((before.attempt ?? -1) > (update.attempt ?? -1))
    return { ...before, ...(update.place !== undefined && { place: update.place }) };
  const { log, data } = before;
  const joined = { ...(log !== undefined && { log }), ...(data !== undefined && { data }), ...update };
  delete joined.silenceMs;
  if (log !== undefined && update.log !== undefined) joined.log = withoutLine(log, update.log);
  return joined;
}

const NOT_KEPT = /^\(lines not kept: (\d+)\) /;

/** The line says in the run itself how many before it are lost: no reader takes what it sees for all there was. */
function withoutLine(lost: string, line: string): string {
  const before = Number(NOT_KEPT.exec(lost)?.[1] ?? 0);
  const own = NOT_KEPT.exec(line);
  const count = before + 1 + Number(own?.[1] ?? 0);
  return cutLog(`(lines not kept: ${count}) ${own ? line.slice(own[0].length) : line}`);
}
