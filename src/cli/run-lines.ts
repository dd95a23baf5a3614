// The line of a run in a terminal: name, bar, percent or 12/40, state, time left, newest line of its log. Pure.
import { columnsOf, cutColumns, padColumns } from '../delivery/columns.ts';
import { formatAmount, formatBar, formatClock, visibleText } from '../delivery/text-lines.ts';
import { formatDuration } from '../element/duration.ts';
import type { Line } from '../element/run-state.ts';
import { phrase, type Words } from '../element/words.ts';
import type { Colors } from './colors.ts';
import type { WatchedRun } from './watched-runs.ts';

export interface LineOptions {
  /** Of the terminal. */
  columns: number;
  /** Of the names; 0: none is shown. */
  nameColumns: number;
  colors: Colors;
  words: Words;
  failedStates: readonly string[];
  /** Server time in ms. */
  now: number;
  /** Why there is no connection, or ''. */
  away: string;
}

const SILENT_MS = 60_000;
const STATE_COLUMNS = 16;
const NUMBER_COLUMNS = 5;

/** Cut to the terminal, less one column: a full line would wrap in some. */
export function runLine(watched: WatchedRun, options: LineOptions): string {
  const { columns, nameColumns, colors } = options;
  const isFailed = watched.run.done && options.failedStates.includes(watched.run.state ?? '');
  const paint = isFailed ? colors.bad : watched.run.done ? colors.good : colors.accent;
  const room = columns - nameColumns;
  const bar = formatBar(watched.run.progress, room >= 72 ? 20 : room >= 44 ? 12 : 8);
  const { state, progress } = watched.run;
  const amount = formatAmount({ ...watched, state, progress }).padStart(NUMBER_COLUMNS);
  const stateText = visibleText(state ?? '');
  const parts: [text: string, paint: (text: string) => string][] = [
    ...(nameColumns > 0 ? [[nameOf(watched.runId, nameColumns), colors.bold] as const] : []),
    [`${bar} ${amount}`, paint],
    [columns >= 72 ? padColumns(stateText, STATE_COLUMNS) : stateText, watched.run.done ? paint : plain],
    ...notesOf(watched, options).map((note) => [note, colors.dim] as const),
  ].map(([text, paint]) => [text, paint] as [string, (text: string) => string]);
  return fitted(parts, columns - 1);
}

/** A line of the log, as it scrolls by above. */
export function logLine(watched: WatchedRun, line: Line, options: LineOptions): string {
  const { nameColumns, colors, words } = options;
  const clock = line.ts > 0 ? formatClock(line.ts) : ' '.repeat(8);
  const text = line.kind === 'text' ? visibleText(line.text) : `··· ${words[line.kind]} ···`;
  const name = nameColumns > 0 ? `  ${colors.bold(nameOf(watched.runId, nameColumns))}` : '';
  return `${colors.dim(clock)}${name}  ${line.kind === 'text' ? text : colors.dim(text)}`;
}

function nameOf(runId: string, columns: number): string {
  return padColumns(cutColumns(visibleText(runId), columns), columns);
}

/** How long it took or will take, which attempt it is, what is odd, and among several runs the newest line. */
function notesOf(watched: WatchedRun, { words, now, away, nameColumns }: LineOptions): string[] {
  const { run, leftMs } = watched;
  const duration = (ms: number) => formatDuration(words.locale, ms, 1);
  const newest = run.lines.findLast(({ kind }) => kind === 'text')?.text ?? '';
  const told = nameColumns > 0 && newest !== '' ? [visibleText(newest)] : [];
  if (run.done && run.ts !== null && run.started !== null)
    return [formatDuration(words.locale, run.ts - run.started), ...told];
  if (away !== '') return [words.reconnecting, away];
  if (run.expired) return [words.expired];
  if (run.id === 0) return [words.waiting];
  const attempt = attemptOf(run.attempt, words);
  const quietMs = run.ts === null ? 0 : now - run.ts;
  if (quietMs >= SILENT_MS) return [attempt, phrase(words.silent, { time: duration(quietMs) }), ...told];
  if (leftMs === null) return [attempt, ...told];
  const left = leftMs === 0 ? words.soon : phrase(words.remaining, { time: duration(leftMs) });
  return [attempt, left, ...told];
}

/** '' for the first. */
function attemptOf(n: number, words: Words): string {
  return n < 2 ? '' : n === 2 ? words.second : phrase(words.attempt, { n });
}

/** Joined by two spaces as far as there is room; the part that is too long is cut. */
function fitted(parts: readonly [string, (text: string) => string][], columns: number): string {
  let room = columns;
  let line = '';
  for (const [text, paint] of parts) {
    if (text === '') continue;
    const gap = line === '' ? '' : '  ';
    if (room - gap.length < 1) break;
    const cut = cutColumns(text, room - gap.length);
    line += gap + paint(cut);
    room -= gap.length + columnsOf(cut);
  }
  return line;
}

function plain(text: string): string {
  return text;
}
