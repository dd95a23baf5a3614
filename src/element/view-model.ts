// What to show, from what is known: every decision of the view in one pure function, so that the templates only place it.
import type { ConnectionStatus } from './connection-status.ts';
import { formatDuration, formatPercent } from './duration.ts';
import type { RunState } from './run-state.ts';
import { type Stage, stageEnds, stageIndex } from './stages.ts';
import { phrase, type Words } from './words.ts';

/** `expired`: the server has it no more, or refuses it; what was seen stays. */
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
  /** The short form of the title: the stage, mostly. */
  brief: string;
  /** "attempt 2", or "". */
  attempt: string;
  elapsed: string;
  remaining: string;
  stages: StageView[];
  /** Where the bar's inner boundaries lie. */
  ticks: number[];
  /** "2/5 · Assets", or "" without a stage. */
  step: string;
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
const FRESH_MS = 5_000;
/** A loss of connection that heals by itself at once is nobody's business. */
const QUIET_MS = 3_000;

export function describe(input: ViewInput): ViewModel {
  const { run, words, stages, connection, now, failedStates, remainingMs } = input;
  const { state, progress, ts, started } = run;
  const duration = (ms: number, most?: number) => formatDuration(words.locale, ms, most);
  const serverNow = now + input.clockOffsetMs;
  const quietMs = ts === null ? 0 : serverNow - ts;
  const isRefused = connection.phase === 'refused';
  const isOver = run.done || run.expired || isRefused;
  const isAway = !isOver && connection.phase !== 'live';
  const look = lookOf();
  const time = ts === null || started === null ? '' : duration((isOver ? ts : serverNow) - started);
  const index = stageIndex(stages, isOver ? run.stage : state, progress);
  const reached = look === 'done' ? stages.length - 1 : index;
  const views = stageViews();
  const value = look === 'done' ? 1 : progress;
  const percent = value === null ? '' : formatPercent(words.locale, value);
  const title = titleOf();
  const notice = noticeOf();
  const remaining = remainingOf();
  const label = views[reached]?.label;
  const isStage = look === 'running' || look === 'silent';
  const isNamed = state === null || stages.some((stage) => stage.state === state);

  return {
    look,
    isAway,
    value,
    percent,
    title,
    brief: isStage && isNamed && label ? label : look === 'done' ? words.done : title,
    attempt: run.attempt > 1 && !isOver ? phrase(words.attempt, { n: run.attempt }) : '',
    elapsed: time && !isOver ? phrase(words.elapsed, { time }) : '',
    remaining,
    stages: views,
    ticks: stageEnds(stages).slice(0, -1),
    step: label ? `${reached + 1}/${stages.length} · ${label}` : '',
    newest: run.lines.findLast((line) => line.kind === 'text')?.text ?? '',
    age: isStage ? ageOf() : '',
    notice,
    valueText: [percent, title, remaining, notice].filter(Boolean).join(', '),
  };

  function lookOf(): Look {
    if (run.expired || (isRefused && !run.done)) return 'expired';
    if (run.done) return failedStates.includes(state ?? '') ? 'failed' : 'done';
    if (run.id === 0) return 'waiting';
    return quietMs >= SILENT_MS && !isAway ? 'silent' : 'running';
  }

  function titleOf(): string {
    if (look === 'done' && time) return phrase(words.doneIn, { time });
    if (look === 'expired' && isRefused) return words.refused;
    if (look !== 'running' && look !== 'silent') return words[look];
    if (state === null) return words.running;
    return stages.find((stage) => stage.state === state)?.label ?? words.stages[state]?.[1] ?? state;
  }

  function stageViews(): StageView[] {
    const ends = stageEnds(stages);
    return stages.map((stage, place) => ({
      label: stage.label ?? words.stages[stage.state]?.[0] ?? stage.state,
      span: (ends[place] ?? 1) - (ends[place - 1] ?? 0),
      phase:
        look === 'done' || place < index
          ? 'past'
          : place > index
            ? 'future'
            : look === 'failed'
              ? 'failed'
              : 'current',
    }));
  }

  function remainingOf(): string {
    if (remainingMs === null || look !== 'running') return '';
    return remainingMs === 0 ? words.soon : phrase(words.remaining, { time: duration(remainingMs) });
  }

  function ageOf(): string {
    return quietMs < FRESH_MS ? words.justNow : phrase(words.ago, { time: duration(quietMs, 1) });
  }

  function noticeOf(): string {
    if (look === 'silent') return phrase(words.silent, { time: duration(quietMs, 1) });
    if (!isAway || now - connection.since < QUIET_MS) return '';
    return connection.phase === 'connecting' ? words.connecting : words.reconnecting;
  }
}
