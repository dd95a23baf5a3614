// What a reader shows of one run. Plain and immutable, so that it can be compared by identity and sent between tabs.
import type { Data } from './message.ts';

/** A line of the log, or a rule across it: `gap` where lines are missing, `retry` where the run began again. */
export interface Line {
  readonly kind: 'text' | 'gap' | 'retry';
  readonly text: string;
  /** Server time in ms; 0 when unknown. */
  readonly ts: number;
}

export interface Entered {
  readonly state: string;
  /** Server time in ms. */
  readonly ts: number;
}

export interface RunState {
  /** The cursor: id of the newest event in here; 0 before the first. */
  readonly id: number;
  readonly ts: number | null;
  readonly started: number | null;
  readonly state: string | null;
  /** The newest state that wasn't terminal: the stage in which a run ended. */
  readonly stage: string | null;
  /** The states it went through, oldest first; `ts` is 0 where nobody saw it begin. */
  readonly entered: readonly Entered[];
  readonly progress: number | null;
  /** What is counted: 12 of 40. */
  readonly current: number | null;
  readonly total: number | null;
  readonly data: Data | null;
  /** Oldest first, at most `MAX_LINES`. */
  readonly lines: readonly Line[];
  readonly done: boolean;
  /** The history is gone; the rest is what this reader still remembers. */
  readonly expired: boolean;
  /** 1 for the first: by what the publisher counts from 0, or one more for each restart seen from here. */
  readonly attempt: number;
  /** The highest `attempt` that a message given; -1 for none. */
  readonly given: number;
}

/** The lines without the rules between them. */
export function textsOf({ lines }: RunState): string[] {
  return lines.filter((line) => line.kind === 'text').map((line) => line.text);
}

export const MAX_LINES = 500;

export const emptyRun: RunState = {
  id: 0,
  ts: null,
  started: null,
  state: null,
  stage: null,
  entered: [],
  progress: null,
  current: null,
  total: null,
  data: null,
  lines: [],
  done: false,
  expired: false,
  attempt: 1,
  given: 0,
};
