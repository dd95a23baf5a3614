// The model: what each thing costs, and from that what a load costs. No I/O.
import type { Load } from './shape.ts';

/** What is measured of a load, and what the model says of it. */
export type Figure =
  | 'connectCpuUs'
  | 'connectBytes'
  | 'publishCpuUs'
  | 'keptBytes'
  | 'redisCpuUs'
  | 'redisInBytes'
  | 'redisOutBytes';

export type Figures = Readonly<Record<Figure, number>>;

/** Of what each figure consists, in the order in which it can be told: see `fit`. */
const PARTS: Readonly<Record<Figure, readonly (keyof Load)[]>> = {
  connectCpuUs: ['readers', 'openings', 'handed'],
  connectBytes: ['readers', 'openings'],
  publishCpuUs: ['deliveries', 'announced', 'heard'],
  keptBytes: ['announced', 'readers'],
  redisCpuUs: ['updates', 'announced', 'heard'],
  redisInBytes: ['updates', 'announced', 'heard'],
  redisOutBytes: ['updates', 'announced', 'heard'],
};

export const FIGURES = Object.keys(PARTS) as Figure[];

/** For each figure: what one of each part adds to it. */
export type Costs = Readonly<Record<Figure, Partial<Record<keyof Load, number>>>>;

export interface Trial {
  load: Load;
  figures: Figures;
}

/** The costs that come nearest to the trials (least squares of relative errors). Costs are never negative. */
export function fit(trials: readonly Trial[]): Costs {
  const costs: Partial<Record<Figure, Partial<Record<keyof Load, number>>>> = {};
  for (const figure of FIGURES) {
    let parts = PARTS[figure];
    let solution = solve(trials, figure, parts);
    // Noise can make a small part negative: then it is none.
    while (solution.some((cost) => cost < 0)) {
      parts = parts.filter((_, i) => (solution[i] ?? 0) >= 0);
      solution = solve(trials, figure, parts);
    }
    costs[figure] = Object.fromEntries(parts.map((part, i) => [part, solution[i] ?? 0]));
  }
  return costs as Costs;
}

export function predict(costs: Costs, load: Load, figure: Figure): number {
  const parts = Object.entries(costs[figure]) as [keyof Load, number][];
  return parts.reduce((sum, [part, cost]) => sum + cost * load[part], 0);
}

function solve(trials: readonly Trial[], figure: Figure, parts: readonly (keyof Load)[]): number[] {
  const rows = trials.map(({ load, figures }) => parts.map((part) => load[part] / figures[figure]));
  const matrix = parts.map((_, i) => [
    ...parts.map((_, j) => rows.reduce((sum, row) => sum + (row[i] ?? 0) * (row[j] ?? 0), 0)),
    rows.reduce((sum, row) => sum + (row[i] ?? 0), 0),
  ]);
  return eliminate(matrix);
}

/** Gauss: each row is an equation, its last number the right side. */
function eliminate(matrix: number[][]): number[] {
  const size = matrix.length;
  const at = (row: number, column: number) => matrix[row]?.[column] ?? 0;
  for (let i = 0; i < size; i++) {
    const pivot = at(i, i);
    if (pivot === 0) throw new Error('the trials do not tell the parts apart');
    for (let row = 0; row < size; row++) {
      if (row === i) continue;
      const factor = at(row, i) / pivot;
      matrix[row] = (matrix[row] ?? []).map((value, column) => value - factor * at(i, column));
    }
  }
  return matrix.map((row, i) => (row[size] ?? 0) / at(i, i));
}
