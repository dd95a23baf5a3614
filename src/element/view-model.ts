// What to show, from what is known: every decision of the view in one pure function, so that the templates only place it.
import type { ConnectionStatus } from './connection-status.ts';
import { formatDuration, formatPercent } from './duration.ts';
import type { RunState } from './run-state.ts';
import { defaultStages, type Stage, stageEnds, stageIndex } from './stages.ts';
import { phrase, type Words } from './words.ts';

/** `expired`: the server has it no more, or refuses it; what was seen stays. */
export type Look = 'waiting' | 'running' | 'silent' | 'done' | 'failed' | 'expired';

export interface StageView {
  label: string;
  phase: 'past' | 'current' | 'failed' | 'future';
  /** Share of the bar. */
  span: number;
  /** How long it took, or "" while nobody knows. */
  took: string;
}

export interface ViewModel {
  look: Look;
  /** The connection is lost; everything else stays as it was. */
  isAway: boolean;
  /** Nobody has heard of the run, though the connection has been there for a while. */
  isWaitedFor: boolean;
  /** 0 to 1; null while nobody has said. */
  value: number | null;
  percent: string;
  title: string;
  /** The short form of the title: the stage, mostly. */
  brief: string;
  /** "12 of 40", "second attempt", both, or "". */
  notes: string;
  elapsed: string;
  remaining: string;
  stages: StageView[];
  /** Where the bar's inner boundaries lie. */
  ticks: number[];
  /** "2/5 · next: Rendering", or "3/5 · Rendering" where the title says something else; "" without a stage. */
  step: string;
  newest: string;
  age: string;
  /** Something odd, in place of the age. */
  notice: string;
  /** The whole of it in a sentence, for `aria-valuetext`. */
  valueText: string;
  /** The slot that shows; "" for none. */
  ending: 'done' | 'failed' | '';
}

export interface ViewInput {
  run: RunState;
  connection: ConnectionStatus;
  /** Local time, and what to add to it to get the server's. */
  now: number;
  clockOffsetMs: number;
  words: Words;
  /** Undefined: the built-in ones, for a run that uses them. */
  stages: readonly Stage[] | undefined;
  failedStates: readonly string[];
  /** Spoken remaining time, see `estimate.ts`. */
  remainingMs: number | null;
  /** The page feeds the element by hand, so that nobody can say whether there is such a run. */
  isManual: boolean;
  /** The small variants have no room for what counts seconds. */
  isFull: boolean;
  /** Before that, a framework may still compare what is slotted with what it rendered on its server. */
  isPageLoaded: boolean;
}

const SILENT_MS = 60_000;
const FRESH_MS = 5_000;
/** A loss of connection that heals by itself at once is nobody's business. */
const QUIET_MS = 3_000;
/** After this long a run that nobody has heard of is likely to be a wrong address. */
const UNKNOWN_MS = 20_000;
/** From here on seconds are noise. */
const MINUTES_ALONE_MS = 600_000;

export function describe(input: ViewInput): ViewModel {
  const { run, words, connection, now, failedStates, remainingMs } = input;
  const { state, progress, ts, started } = run;
  const stages = input.stages ?? builtInStages(run);
  const duration = (ms: number, most?: number) => formatDuration(words.locale, ms, most);
  const serverNow = now + input.clockOffsetMs;
  const quietMs = ts === null ? 0 : serverNow - ts;
  const connectedMs = now - connection.since;
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
  const notes = notesOf();
  const label = views[reached]?.label;
  const isStage = look === 'running' || look === 'silent';
  const isNamed = state === null || stages.some((stage) => stage.state === state);

  return {
    look,
    isAway,
    isWaitedFor: look === 'waiting' && !isAway && connectedMs >= QUIET_MS,
    value,
    percent,
    title,
    brief: isStage && isNamed && label ? label : look === 'done' ? words.done : title,
    notes,
    elapsed: input.isFull && time && !isOver ? phrase(words.elapsed, { time }) : '',
    remaining,
    stages: views,
    ticks: stageEnds(stages).slice(0, -1),
    step: stepOf(),
    newest: run.lines.findLast((line) => line.kind === 'text')?.text ?? '',
    age: input.isFull && isStage ? ageOf() : '',
    notice,
    valueText: [percent, title, notes, remaining, notice].filter(Boolean).join(', '),
    ending: input.isPageLoaded && (look === 'done' || look === 'failed') ? look : '',
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
    return stages.map((stage, place) => {
      const isPast = look === 'done' || place < index;
      const tookMs = isPast ? timeIn(run, stage.state) : null;
      return {
        label: stage.label ?? words.stages[stage.state]?.[0] ?? stage.state,
        span: (ends[place] ?? 1) - (ends[place - 1] ?? 0),
        phase: isPast ? 'past' : place > index ? 'future' : look === 'failed' ? 'failed' : 'current',
        took: tookMs === null ? '' : duration(tookMs, tookMs < MINUTES_ALONE_MS ? 2 : 1),
      };
    });
  }

  function stepOf(): string {
    const next = isOver ? '' : views[reached + 1]?.label;
    const place = label && `${reached + 1}/${stages.length}`;
    const isTitle = !label || (isStage && isNamed);
    const other = isTitle ? next && phrase(words.next, { stage: next }) : label;
    return [place, other].filter(Boolean).join(' · ');
  }

  function notesOf(): string {
    const { current, total, attempt } = run;
    const of =
      current === null ? '' : phrase(total === null ? '{n}' : words.count, { n: current, total: total ?? 0 });
    return [look === 'done' ? '' : of, isOver ? '' : attemptOf(attempt)].filter(Boolean).join(' · ');
  }

  function attemptOf(n: number): string {
    return n < 2 ? '' : n === 2 ? words.second : phrase(words.attempt, { n });
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
    if (look === 'waiting' && !isAway && !input.isManual && connectedMs >= UNKNOWN_MS) return words.unknown;
    if (!isAway || connectedMs < QUIET_MS) return '';
    const { phase } = connection;
    return words[phase === 'connecting' || phase === 'unauthorized' ? phase : 'reconnecting'];
  }
}

/** Most runs are someone else's, with states of their own: the built-in row is for those that use its states. */
function builtInStages({ entered }: RunState): readonly Stage[] {
  const isOurs = defaultStages.some((stage) => entered.some(({ state }) => state === stage.state));
  return isOurs ? defaultStages : [];
}

/** How long a run was in a state; null where it isn't known exactly. */
function timeIn({ entered, ts, done }: RunState, state: string): number | null {
  let sum = 0;
  for (const [place, entry] of entered.entries()) {
    if (entry.state !== state) continue;
    const end = entered[place + 1]?.ts ?? (done ? ts : null);
    if (!entry.ts || !end) return null;
    sum += end - entry.ts;
  }
  return sum || null;
}
