// When a run's states began, as far as its history tells: a reader who comes late can show how long each of them took.

/** What of an event tells it. */
export interface Step {
  ts: number;
  state: string | null;
  progress: number | null;
  attempt: number | undefined;
  done: boolean;
  /** It is the run's first event. */
  isFirst: boolean;
}

export interface States {
  /** In order, without terminal ones. A state may come again. */
  states: string[];
  /** When each of them began: ms since 1970. */
  state_times: number[];
}

/** A job has a few stages. One that names each of its steps isn't shown by stages. */
const MAX_STATES = 50;
/** The element takes such a fall of progress for a run that began again. */
const FALL = 0.05;

/**
 * Of these steps, oldest first. Begins anew where the run does. The state in which a history begins that has lost its
 * beginning is left out: when that state began is lost, too.
 */
export function statesOf(steps: readonly Step[]): States {
  let began: { state: string; ts: number }[] = [];
  for (const [i, { ts, state, done, isFirst }] of steps.entries()) {
    const isAgain = beganAgain(steps[i - 1], steps[i]);
    if (isAgain) began = [];
    const isSeen = i === 0 ? isFirst : isAgain || state !== steps[i - 1]?.state;
    if (isSeen && state !== null && !done) began.push({ state, ts });
  }
  began = began.slice(-MAX_STATES);
  return { states: began.map(({ state }) => state), state_times: began.map(({ ts }) => ts) };
}

function beganAgain(before: Step | undefined, step: Step | undefined): boolean {
  if (!before || !step) return false;
  if (before.done && !step.done) return true;
  if (before.attempt !== undefined && (step.attempt ?? 0) > before.attempt) return true;
  return (before.progress ?? 0) - (step.progress ?? 1) >= FALL;
}
