// How a watch shows itself: a live area in a terminal, a line per event in a pipe, JSON, or nothing.
import { columnsOf, cutColumns } from '../delivery/columns.ts';
import { formatText, type TextMessage, visibleText } from '../delivery/text-lines.ts';
import type { Message } from '../element/message.ts';
import { wordsFor } from '../element/words.ts';
import { colorsFor } from './colors.ts';
import type { Environment, Output } from './command.ts';
import type { FollowStatus } from './follow.ts';
import { createLiveArea } from './live-area.ts';
import { type LineOptions, logLine, runLine } from './run-lines.ts';
import { newLines, type WatchedRun } from './watched-runs.ts';

export interface WatchOutput {
  /** A message that brought something new. */
  message(before: WatchedRun, after: WatchedRun, message: Message): void;
  status(status: FollowStatus): void;
  /** Shows what changed since it was last called. */
  refresh(runs: readonly WatchedRun[], now: number): void;
}

export interface OutputOptions {
  stdout: Output;
  stderr: Output;
  env: Environment;
  runIds: readonly string[];
  failedStates: readonly string[];
  /** All of the log that is kept, rather than its end. */
  isWhole: boolean;
}

const MAX_NAME_COLUMNS = 24;
/** In a pipe no name is cut: whoever reads it looks for names. */
const MAX_PIPED_NAME_COLUMNS = 48;
/** Of a log that was written before the watch began. */
const FIRST_LINES = 10;

export function createScreen({ stdout, env, runIds, failedStates, isWhole }: OutputOptions): WatchOutput {
  const area = createLiveArea(stdout);
  const colors = colorsFor(stdout, env);
  const words = wordsFor(languageOf(env));
  const names = Math.max(...runIds.map((runId) => columnsOf(visibleText(runId))));
  let above: string[] = [];
  let away = '';
  const optionsAt = (now: number): LineOptions => {
    const columns = stdout.columns || 80;
    const nameColumns = runIds.length > 1 ? Math.min(names, MAX_NAME_COLUMNS, Math.floor(columns / 4)) : 0;
    return { columns, nameColumns, colors, words, failedStates, now, away };
  };

  return {
    message: (before, after) => {
      const lines = newLines(before.run, after.run);
      const isFirst = before.run.id === 0 && !isWhole;
      for (const line of isFirst ? lines.slice(-FIRST_LINES) : lines)
        above.push(logLine(after, line, optionsAt(0)));
    },
    status: (status) => {
      away = status.phase === 'away' ? status.reason : '';
    },
    refresh: (runs, now) => {
      const options = optionsAt(now);
      const room = Math.max(1, (stdout.rows || 24) - 2);
      const lines = inOrder(runs, room).map((watched) => runLine(watched, options));
      if (runs.length > room) lines.push(colors.dim(cutColumns(restOf(runs, room), options.columns - 1)));
      area.draw(above, lines);
      above = [];
    },
  };
}

/** Of `ko_KR.UTF-8`, as a shell has it, the language tag `ko-KR`. */
export function languageOf(env: Environment): string {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || 'en';
  return locale.replace(/[.@].*/, '').replace('_', '-');
}

/** Where not all fit, those that still go on come first. */
function inOrder(runs: readonly WatchedRun[], room: number): readonly WatchedRun[] {
  if (runs.length <= room) return runs;
  const isOpen = ({ run }: WatchedRun) => !run.done && run.id > 0;
  return [...runs.filter(isOpen), ...runs.filter((watched) => !isOpen(watched))].slice(0, room);
}

function restOf(runs: readonly WatchedRun[], room: number): string {
  const done = runs.filter(({ run }) => run.done).length;
  return `… and ${runs.length - room} more; ${done} of ${runs.length} have ended`;
}

/** A line per event, as `?format=text` gives it. Outages are told on stderr, so that a pipe carries events only. */
export function createLines({ stdout, stderr, runIds }: OutputOptions): WatchOutput {
  const names = Math.max(...runIds.map((runId) => columnsOf(visibleText(runId))));
  const options = runIds.length > 1 ? { runColumns: Math.min(names, MAX_PIPED_NAME_COLUMNS) } : {};
  return {
    message: (before, after, message) => {
      stdout.write(formatText(withNewLines(before, after, message), options));
    },
    status: createStatusNotes(stderr),
    refresh: () => {},
  };
}

/** A snapshot after an outage repeats what was written already. */
function withNewLines(before: WatchedRun, after: WatchedRun, message: Message): TextMessage {
  // An attempt that was seen to begin counts, also where it is given as a moment or not at all.
  const { attempt, done } = after.run;
  const shown = { ...message, run_id: after.runId, attempt: attempt - 1, done } as TextMessage;
  if (message.type === 'progress') return shown;
  const lines = newLines(before.run, after.run).filter(({ kind }) => kind === 'text');
  return { ...shown, logs: lines.map(({ text }) => text), log_times: lines.map(({ ts }) => ts) };
}

/** The messages as the service sends them, a line each. */
export function createJsonLines({ stdout, stderr }: OutputOptions): WatchOutput {
  return {
    message: (_before, _after, message) => {
      stdout.write(`${JSON.stringify(message)}\n`);
    },
    status: createStatusNotes(stderr),
    refresh: () => {},
  };
}

export function createSilence({ stderr }: OutputOptions): WatchOutput {
  return { message: () => {}, status: createStatusNotes(stderr), refresh: () => {} };
}

/** Each outage once, and its end. */
function createStatusNotes(stderr: Output) {
  let wasAway = false;
  return (status: FollowStatus) => {
    const isAway = status.phase === 'away';
    if (isAway === wasAway) return;
    wasAway = isAway;
    stderr.write(
      isAway ? `run-progress: ${status.reason}; trying again\n` : 'run-progress: connected again\n',
    );
  };
}
