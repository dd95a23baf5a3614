// One reader's stay at a run, held against the truth. Decides; does no I/O.
import type { ProgressMessage, SnapshotMessage } from '../support/messages.ts';
import type { Life } from './truth.ts';

export interface Session {
  runId: string;
  transport: 'sse' | 'websocket' | 'poll';
  /** As it was given; a wrong one is malformed, or ahead of everything. */
  cursor: number | 'wrong' | null;
  messages: readonly (SnapshotMessage | ProgressMessage)[];
}

/** What is wrong with it; nothing, mostly. Histories are never trimmed here, so only a FLUSHALL makes a gap. */
export function sessionViolations(session: Session, lives: readonly Life[]): string[] {
  const found: string[] = [];
  let last: number | null = session.cursor === 'wrong' ? -1 : session.cursor;
  for (const [i, message] of session.messages.entries()) {
    const problem =
      message.type === 'initial_state'
        ? snapshotProblem(message, i === 0 && last === null, session.cursor === 'wrong' && i === 0, lives)
        : eventProblem(message, last, lives);
    if (problem)
      found.push(
        `${session.transport} from ${session.cursor}, message ${i} of ${session.messages.length}, after ${last}: ` +
          `${problem}: ${JSON.stringify(message).slice(0, 300)}`,
      );
    last = message.id;
  }
  return found;
}

function eventProblem(
  message: ProgressMessage,
  last: number | null,
  lives: readonly Life[],
): string | undefined {
  const [recorded, life] = find(message.id, lives);
  if (!recorded || !life) return 'never recorded';
  if (JSON.stringify(message) !== JSON.stringify(recorded)) return `recorded as ${JSON.stringify(recorded)}`;
  // Whoever has nothing yet begins with the first.
  const next = last === null || last === 0 ? life.events[0]?.id : last + 1;
  if (message.id === next) return undefined;
  return message.id < (next ?? 0) ? 'a double' : `a gap that nobody announced: ${next} was to come`;
}

function snapshotProblem(
  message: SnapshotMessage,
  isFirst: boolean,
  isWrong: boolean,
  lives: readonly Life[],
): string | undefined {
  if (isFirst && message.gap) return 'a gap, and nothing was there before';
  if (!isFirst && !message.gap) return 'a snapshot amid a stream, without a gap';
  const wasFlushed = lives.length > 1;
  if (message.gap && !isWrong && !wasFlushed) return 'a false gap';
  if (message.id === 0)
    return isWrong || wasFlushed || lives.length === 0 ? undefined : 'as if it were unknown';
  const [recorded, life] = find(message.id, lives);
  if (!recorded || !life) return 'never recorded';
  const { state, progress, done = false } = recorded;
  const had = life.events.slice(0, message.id - (life.events[0]?.id ?? 0) + 1);
  const expected = JSON.stringify([state, progress, done, had.map((event) => event.message)]);
  const actual = JSON.stringify([message.state, message.progress, message.done, message.logs]);
  return actual === expected ? undefined : `not what was recorded: ${expected.slice(0, 200)}`;
}

function find(id: number, lives: readonly Life[]): [ProgressMessage | undefined, Life | undefined] {
  const life = lives.find(
    ({ events }) => (events[0]?.id ?? Infinity) <= id && id <= (events.at(-1)?.id ?? 0),
  );
  return [life?.events[id - (life.events[0]?.id ?? 0)], life];
}
