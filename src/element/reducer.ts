// Event message → what a reader shows. The only place that knows how messages change it. Pure, and idempotent by id:
// transports may overlap, repeat and arrive late, and each log line still shows once.
import { plainText } from './log-text.ts';
import type { Message, Progress, Snapshot } from './message.ts';
import { type Entered, emptyRun, type Line, MAX_LINES, type RunState } from './run-state.ts';

/** Parallel workers report a little out of order; a fall of this much is a run that began again. */
const FALL = 0.05;
/** From here on an attempt is a moment, as the publishers' `tracked` takes it, and no number for people. */
const MOMENT = 1e6;

/** The next state, or the very same object when the message brings nothing new. */
export function reduce(run: RunState, message: Message): RunState {
  const isEvent = message.type === 'progress';
  // Nothing is known any more. What was seen stays on the screen, marked as no longer kept; the cursor stays too,
  // so that the server keeps announcing the gap until the run is heard of again.
  if (!isEvent && message.gap && message.id === 0) return run.expired ? run : { ...run, expired: true };
  if (isEvent ? message.id <= run.id : isLate(run, message)) return run;
  const { id, done = false, attempt = -1 } = message;
  const isNewAttempt = run.id > 0 && attempt > run.given;
  // An event leaves as it was what it doesn't name; a snapshot replaces all, and an attempt begins with nothing.
  const kept = isEvent && !isNewAttempt ? run : { ...emptyRun, data: isEvent ? run.data : null };
  const ts = message.ts ?? (isEvent ? Date.now() : null);
  const state = message.state ?? kept.state;
  const progress = message.progress ?? kept.progress;
  // The first moment that is given follows what announced the job, and nothing that failed.
  const isAgain = (isNewAttempt && (run.given > 0 || attempt < MOMENT)) || beganAgain(run, progress, done);
  return {
    id,
    ts,
    started: message.started ?? kept.started ?? ts,
    state,
    stage: done ? run.stage : state,
    entered: entered(beforeIn(run, message, isAgain), done ? null : state, isEvent ? ts : 0),
    progress,
    current: message.current ?? kept.current,
    total: message.total ?? kept.total,
    data: message.data ?? kept.data,
    lines: isEvent ? withLine(run, message, ts ?? 0, isAgain) : mergedLines(run, message),
    done,
    expired: false,
    given: Math.max(attempt, run.given),
    attempt: Math.max(attempt < MOMENT ? attempt + 1 : 0, run.attempt + (isAgain ? 1 : 0)),
  };
}

/** What it went through before. A snapshot tells of what its history still has. */
function beforeIn({ entered }: RunState, message: Message, isAgain: boolean): readonly Entered[] {
  if (message.type === 'progress') return isAgain ? [] : entered;
  const { states, state_times = [] } = message;
  return states?.map((state, index) => ({ state, ts: state_times[index] ?? 0 })) ?? entered;
}

function entered(before: readonly Entered[], state: string | null, ts: number | null): readonly Entered[] {
  const isKnown = state === null || before.at(-1)?.state === state;
  return isKnown ? before : [...before.slice(-99), { state, ts: ts ?? 0 }];
}

function withLine(run: RunState, message: Progress, ts: number, isAgain: boolean): readonly Line[] {
  const added: Line[] = [];
  if (run.id > 0 && message.id !== run.id + 1) added.push(rule('gap', ts));
  if (isAgain) added.push(rule('retry', ts));
  const text = plainText(message.message ?? '');
  if (text) added.push({ kind: 'text', text, ts });
  return added.length > 0 ? capped([...run.lines, ...added]) : run.lines;
}

/**
 * A late answer of a slower transport. Judged by time as well: a history that was rolled back and went on has lower
 * ids but newer events, and must be believed.
 */
function isLate(run: RunState, message: Snapshot): boolean {
  if (message.gap || run.expired) return false;
  if (message.id > run.id) return false;
  return message.id === run.id ? run.id > 0 : (message.ts ?? 0) <= (run.ts ?? 0);
}

/**
 * A snapshot holds the lines of the history, which may be shorter than what this reader saw: older lines stay, and
 * where something between is missing there is a rule.
 */
function mergedLines(run: RunState, message: Snapshot): readonly Line[] {
  const { logs = [], log_times = [] } = message;
  const fresh = logs.map(
    (text, index): Line => ({ kind: 'text', text: plainText(text), ts: log_times[index] ?? 0 }),
  );
  const first = fresh[0];
  const older = first === undefined ? run.lines : run.lines.filter((line) => line.ts < first.ts);
  const missing =
    message.gap && older.at(-1)?.kind !== 'gap' ? [rule('gap', first?.ts ?? message.ts ?? 0)] : [];
  return capped([...older, ...missing, ...fresh]);
}

function beganAgain(run: RunState, progress: number | null, done: boolean): boolean {
  if (run.done && !done) return true;
  return run.progress !== null && progress !== null && run.progress - progress >= FALL;
}

function rule(kind: 'gap' | 'retry', ts: number): Line {
  return { kind, text: '', ts };
}

function capped(lines: readonly Line[]): readonly Line[] {
  return lines.length > MAX_LINES ? lines.slice(-MAX_LINES) : lines;
}
