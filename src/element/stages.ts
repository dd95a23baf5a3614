// The stages a run goes through: their order, and where on the bar each one ends. No words of its own but what is given.

export interface Stage {
  /** As publishers name it. */
  state: string;
  /** For people; else the words' own label, else the name. */
  label?: string;
  /** Progress at which the stage ends. Without any, the stages share the bar evenly. */
  until?: number;
}

export const defaultStages: readonly Stage[] = [
  { state: 'PLOT_GENERATION', until: 0.2 },
  { state: 'ASSET_GENERATION', until: 0.65 },
  { state: 'RENDERING', until: 0.8 },
  { state: 'QA', until: 0.95 },
  { state: 'END', until: 1 },
];

/** Reads the attribute: `FETCH=Download@0.3, CONVERT@0.9, END=Ready`. Label and end are optional. */
export function parseStages(text: string): Stage[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      const [, state = item, label, until] = /^([^=@]+)(?:=([^@]*))?(?:@([\d.]+))?$/.exec(item) ?? [];
      const stage: Stage = { state: state.trim() };
      if (label?.trim()) stage.label = label.trim();
      if (until !== undefined && Number.isFinite(Number(until))) stage.until = Number(until);
      return stage;
    });
}

/** Where each stage ends, from 0 to 1, never falling. Missing ends are spread evenly up to the next given one. */
export function stageEnds(stages: readonly Stage[]): number[] {
  const ends: number[] = [];
  let before = 0;
  for (let index = 0; index < stages.length; ) {
    let next = index;
    while (next < stages.length - 1 && stages[next]?.until === undefined) next++;
    const end = Math.min(1, Math.max(before, stages[next]?.until ?? 1));
    const step = (end - before) / (next - index + 1);
    for (; index <= next; index++) ends.push(index === next ? end : (ends.at(-1) ?? 0) + step);
    before = end;
  }
  return ends;
}

/** The stage a run is in: by name, else (an unknown name, or only a failure heard of) by progress. -1 before any. */
export function stageIndex(stages: readonly Stage[], state: string | null, progress: number | null): number {
  const named = stages.findIndex((stage) => stage.state === state);
  if (named >= 0 || progress === null) return named;
  const ends = stageEnds(stages);
  const reached = ends.findIndex((end) => progress < end);
  return reached >= 0 ? reached : stages.length - 1;
}
