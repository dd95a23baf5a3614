// What to show, from what is known: every decision of the view in one pure function, so that the templates only place it.
import type { ConnectionStatus } from './connection-status.ts';
import { formatAge, formatDuration, formatPercent } from './duration.ts';
import type { RunState } from './run-state.ts';
import { type Stage, stageEnds, stageIndex } from './stages.ts';
import { phrase, type Words } from './words.ts';

export type Look = 'waiting' | 'running' | 'silent' | 'done' | 'failed' | 'expired';

export interface StageView {
  label: string;
  phase: 'past' | 'current' | 'failed' | 'future';
  /** Share of the bar. */
  span: number;
}

export interface ViewModel {
  look: Look;
  /** The connection is lost; everything else stays as it was. */
  isAway: boolean;
  /** 0 to 1; null while nobody has said. */
  value: number | null;
  percent: string;
  title: string;
  /** "attempt 2", or "". */
  attempt: string;
  elapsed: string;
  remaining: string;
  stages: StageView[];
  /** Where the bar's inner boundaries lie. */
  ticks: number[];
  /** "2/5 · Assets", or "" without a stage. */
  step: string;
  /** The short label of the stage, else the title. */
  brief: string;
  newest: string;
  age: string;
  /** Something odd, in place of the age. */
  notice: string;
  /** The whole of it in a sentence, for `aria-valuetext`. */
  valueText: string;
}

export interface ViewInput {
  run: RunState;
  connection: ConnectionStatus;
  /** Local time, and what to add to it to get the server's. */
  now: number;
  clockOffsetMs: number;
  words: Words;
  stages: readonly Stage[];
  failedStates: readonly string[];
  /** Spoken remaining time, see `estimate.ts`. */
  remainingMs: number | null;
}

const SILENT_MS = 60_000;
/** A loss of connection that heals by itself at once is nobody's business. */
const QUIET_MS = 3_000;

export function describe(input: ViewInput): ViewModel {
  const { run, words } = input;
  const serverNow = input.now + input.clockOffsetMs;
  const quietMs = run.ts === null ? 0 : Math.max(0, serverNow - run.ts);
  const isAway = input.connection.phase === 'retrying' || input.connection.phase === 'connecting';
  const look = lookOf(input, quietMs, isAway);
  const isOver = look === 'done' || look === 'failed' || look === 'expired';
  const index = stageIndex(input.stages, isOver ? run.stage : run.state, run.progress);
  const value = look === 'done' ? 1 : run.progress;
  const elapsedMs =
    run.started === null || run.ts === null ? null : Math.max(0, (isOver ? run.ts : serverNow) - run.started);
  const elapsed = elapsedMs === null ? '' : formatDuration(words.locale, elapsedMs);
  const title = titleOf(input, look, elapsed);
  const percent = value === null ? '' : formatPercent(words.locale, value);
  const remaining = look === 'running' ? remainingOf(input) : '';
  const notice = noticeOf(input, look, quietMs, isAway);
  const stages = stageViews(input, look, index);
  const current = stages[index]?.label ?? '';
  return {
    look,
    isAway: isAway && !isOver,
    value,
    percent,
    title,
    attempt: run.attempt > 1 && !isOver ? phrase(words.attempt, { n: run.attempt }) : '',
    elapsed: elapsed !== '' && !isOver ? phrase(words.elapsed, { time: elapsed }) : '',
    remaining,
    stages,
    ticks: stageEnds(input.stages).slice(0, -1),
    step: stepOf(stages, look === 'done' ? stages.length - 1 : index),
    brief: briefOf(input, look, current, title),
    newest: run.lines.findLast((line) => line.kind === 'text')?.text ?? '',
    age: isOver || run.ts === null || look === 'waiting' ? '' : ageOf(words, quietMs),
    notice,
    valueText: [percent, title, remaining, notice].filter((part) => part !== '').join(', '),
  };
}

function lookOf({ run, failedStates }: ViewInput, quietMs: number, isAway: boolean): Look {
  if (run.expired) return 'expired';
  if (run.done) return run.state !== null && failedStates.includes(run.state) ? 'failed' : 'done';
  if (run.state === null && run.progress === null && run.lines.length === 0) return 'waiting';
  return quietMs >= SILENT_MS && !isAway ? 'silent' : 'running';
}

function titleOf({ run, stages, words }: ViewInput, look: Look, elapsed: string): string {
  if (look === 'waiting') return words.waiting;
  if (look === 'expired') return words.expired;
  if (look === 'failed') return words.failed;
  if (look === 'done') return elapsed === '' ? words.done : phrase(words.doneIn, { time: elapsed });
  if (run.state === null) return words.running;
  const given = stages.find((stage) => stage.state === run.state)?.label;
  return given ?? words.stages[run.state]?.[1] ?? run.state;
}

function briefOf({ run, words }: ViewInput, look: Look, current: string, title: string): string {
  if (look === 'done') return words.done;
  if (look !== 'running' && look !== 'silent') return title;
  const isNamed = run.state === null || words.stages[run.state] !== undefined;
  return isNamed && current !== '' ? current : title;
}

function stageViews({ stages, words, run }: ViewInput, look: Look, index: number): StageView[] {
  const ends = stageEnds(stages);
  return stages.map((stage, place) => {
    const label = stage.label ?? words.stages[stage.state]?.[0] ?? stage.state;
    const span = (ends[place] ?? 1) - (ends[place - 1] ?? 0);
    if (look === 'done') return { label, span, phase: 'past' };
    if (place === index && run.state !== null) {
      return { label, span, phase: look === 'failed' ? 'failed' : 'current' };
    }
    return { label, span, phase: place < index ? 'past' : place === index ? 'current' : 'future' };
  });
}

function stepOf(stages: readonly StageView[], index: number): string {
  const label = stages[index]?.label;
  return label === undefined ? '' : `${index + 1}/${stages.length} · ${label}`;
}

function remainingOf({ words, remainingMs }: ViewInput): string {
  if (remainingMs === null) return '';
  if (remainingMs === 0) return words.soon;
  return phrase(words.remaining, { time: formatDuration(words.locale, remainingMs) });
}

function ageOf(words: Words, ms: number): string {
  return ms < 5_000 ? words.justNow : phrase(words.ago, { time: formatAge(words.locale, ms) });
}

function noticeOf(input: ViewInput, look: Look, quietMs: number, isAway: boolean): string {
  const { words, connection } = input;
  if (look === 'silent') return phrase(words.silent, { time: formatAge(words.locale, quietMs) });
  if (!isAway || look === 'done' || look === 'failed' || look === 'expired') return '';
  if (input.now - connection.since < QUIET_MS) return '';
  return connection.phase === 'connecting' ? words.connecting : words.reconnecting;
}
