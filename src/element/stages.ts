// The stages a run goes through: their order, and where on the bar each one ends. No words of its own but what is given.

export interface Stage {
  /** As publishers name it. */
  state: string;
  /** For people; else the words' own label, else the name. */
  label?: string;
  /** Progress at which the stage ends. When one of them has none, all share the bar evenly. */
  until?: number;
}

export const defaultStages: readonly Stage[] = [
  { state: 'PLOT_GENERATION', until: 0.2 },
  { state: 'ASSET_GENERATION', until: 0.65 },
  { state: 'RENDERING', until: 0.8 },
  { state: 'QA', until: 0.95 },
  { state: 'END', until: 1 },
];

/**
 * A page's `stages`: text from the attribute, or what a script set as the property. Undefined without any.
 * Throws TypeError for anything else.
 */
export function parseStages(given: unknown): readonly Stage[] | undefined {
  if (!given) return undefined;
  try {
    const stages = typeof given === 'string' ? JSON.parse(given) : given;
    if (stages.every(isStage)) return stages;
  } catch {
    // A SyntaxError: no JSON. A TypeError: no array.
  }
  throw new TypeError('<run-progress> "stages" must be like [{"state": "FETCH"}, …]');
}

/** The same, but for anything else the error is reported, and there are none: the run is for its readers all the same. */
export function readStages(given: unknown): readonly Stage[] | undefined {
  try {
    return parseStages(given);
  } catch (error) {
    // A TypeError: the page's mistake is for its developer to see.
    console.error(error);
    return undefined;
  }
}

function isStage({ state, until = 1 }: Stage, place: number, all: readonly Stage[]): boolean {
  return typeof state === 'string' && until >= (all[place - 1]?.until ?? 0) && until <= 1;
}

/** Where each stage ends, from 0 to 1. */
export function stageEnds(stages: readonly Stage[]): number[] {
  const isEven = stages.some((stage) => stage.until === undefined);
  return stages.map(({ until = 1 }, index) => (isEven ? (index + 1) / stages.length : until));
}

/** The stage a run is in: by name, else (an unknown name, or only a failure heard of) by progress. -1 before any. */
export function stageIndex(stages: readonly Stage[], state: string | null, progress: number | null): number {
  const named = stages.findIndex((stage) => stage.state === state);
  if (named >= 0 || progress === null) return named;
  const reached = stageEnds(stages).findIndex((end) => progress < end);
  return reached >= 0 ? reached : stages.length - 1;
}
