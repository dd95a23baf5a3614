// The two messages as lines for people: time, bar, percent or 12/40, state, attempt, message. Pure. A worker's text never drives
// the terminal that shows it.
import { padColumns } from './columns.ts';

/** What is shown of a message, as every transport carries it. */
export interface TextMessage {
  type: 'initial_state' | 'progress';
  run_id: string;
  ts?: number | null;
  state?: string | null;
  progress?: number | null;
  /** The counters, once given. */
  current?: number | null;
  total?: number | null;
  /** Counted from 0, or a moment that only says which of two came later. */
  attempt?: number | undefined;
  done?: boolean | undefined;
  /** Of an event: its log line, or ''. */
  message?: string;
  /** Of a snapshot: its log lines and the times of each, oldest first. */
  logs?: readonly string[];
  log_times?: readonly number[];
  /** Of a snapshot: events before it are missing. */
  gap?: boolean;
}

export interface TextOptions {
  /** Where several runs share the output: each line names its run, in a column this wide. */
  runColumns?: number;
}

const BAR_COLUMNS = 20;
const NUMBER_COLUMNS = 5;
const STATE_COLUMNS = 16;
const CLOCK_COLUMNS = 8;
/** From here on an attempt is a moment, as the publishers' `tracked` takes it, and no number for people. */
const MOMENT = 1e6;

// Controls (C0, DEL, C1), the separators that some programs take for line ends, and what reverses the order of a line.
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
const EVERY_UNSAFE = new RegExp(UNSAFE, 'gu');

/**
 * The lines of a message, each ended by a line feed. An event is one line. A snapshot is one for each log line before the
 * newest event, and one for that; where events are missing before it, it begins with a line that says so.
 */
export function formatText(message: TextMessage, options: TextOptions = {}): string {
  if (message.type === 'progress') return eventLine(message, message.message ?? '', options);
  return snapshotLines(message, options);
}

/** `███░░░░░░░░░░░░░░░░░`: full only at 1. */
export function formatBar(progress: number | null, columns: number): string {
  const full = Math.floor((progress ?? 0) * columns + 1e-6);
  return '█'.repeat(full) + '░'.repeat(columns - full);
}

/** `12/40`, `15 %`, or '' while nobody has said. Percents are cut rather than rounded: 99.9 % isn't finished. */
export function formatAmount({ current, total, progress }: Omit<TextMessage, 'type' | 'run_id'>): string {
  if (typeof current === 'number') {
    const count = formatCount(current);
    if (typeof total !== 'number') return count;
    return `${count.padStart(formatCount(total).length)}/${formatCount(total)}`;
  }
  return typeof progress === 'number' ? `${Math.floor(progress * 100 + 1e-6)} %` : '';
}

/** `second attempt`, or '' for the first, a moment, and a run that is done: as the element says it. */
export function formatAttempt({ attempt = 0, done }: Pick<TextMessage, 'attempt' | 'done'>): string {
  if (attempt < 1 || attempt >= MOMENT || done) return '';
  return attempt === 1 ? 'second attempt' : `attempt ${attempt + 1}`;
}

/** One line of text that moves no cursor: an escape becomes `␛`, a line feed `␊`, and so on. A tab becomes a space. */
export function visibleText(text: string): string {
  return UNSAFE.test(text) ? text.replace(EVERY_UNSAFE, visibleCharacter) : text;
}

/** `14:30:02`, in the time zone of the process. */
export function formatClock(ts: number): string {
  return new Date(ts).toTimeString().slice(0, CLOCK_COLUMNS);
}

function visibleCharacter(character: string): string {
  const code = character.charCodeAt(0);
  if (character === '\t') return ' ';
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

function eventLine(message: TextMessage, text: string, options: TextOptions): string {
  const { state, progress, ts } = message;
  return line(ts, message.run_id, options, [
    `${formatBar(progress ?? null, BAR_COLUMNS)} ${formatAmount(message).padStart(NUMBER_COLUMNS)}`,
    padColumns(visibleText(state ?? ''), STATE_COLUMNS),
    ...[formatAttempt(message), visibleText(text)].filter(Boolean),
  ]);
}

function snapshotLines(snapshot: TextMessage, options: TextOptions): string {
  const { logs = [], log_times = [], ts, run_id } = snapshot;
  // The newest event's own line, if it has one, stands beside the bar.
  const isNewest = ts !== null && ts !== undefined && log_times.at(-1) === ts;
  const earlier = isNewest ? logs.slice(0, -1) : logs;
  const room = ' '.repeat(BAR_COLUMNS + 1 + NUMBER_COLUMNS);
  const stateRoom = ' '.repeat(STATE_COLUMNS);
  const lines = earlier.map((text, i) =>
    line(log_times[i], run_id, options, [room, stateRoom, visibleText(text)]),
  );
  if (snapshot.gap) lines.unshift(gapLine(snapshot, options));
  // Of a run that isn't kept any more there is nothing else to say.
  if (typeof ts === 'number') lines.push(eventLine(snapshot, isNewest ? (logs.at(-1) ?? '') : '', options));
  return lines.join('');
}

function gapLine({ ts, run_id }: TextMessage, options: TextOptions): string {
  const text = typeof ts === 'number' ? 'events are missing here' : 'nothing is kept of this run';
  return line(null, run_id, options, [`··· ${text} ···`]);
}

function line(
  ts: number | null | undefined,
  runId: string,
  { runColumns }: TextOptions,
  parts: readonly string[],
): string {
  const clock = typeof ts === 'number' ? formatClock(ts) : ' '.repeat(CLOCK_COLUMNS);
  const run = runColumns === undefined ? [] : [padColumns(visibleText(runId), runColumns)];
  return `${[clock, ...run, ...parts].join('  ').trimEnd()}\n`;
}

/** Counters may be fractions: megabytes, say. */
function formatCount(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
