// How far the service goes: npm run model [-- --quick]. It measures what each thing costs, predicts three sizes from
// that and measures those, too; and says what a million readers would need.
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import { FIGURES, type Figure, fit, predict } from './model/costs.ts';
import { needOf, type Plan } from './model/extension.ts';
import { type Comparison, comparisonTable, costsTable, needsTable, sizeName } from './model/report.ts';
import { loadOf, type Shape } from './model/shape.ts';
import { type Measured, runTrial } from './model/trial.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const SCALE = values.quick ? 0.25 : 1;
const BASE: Shape = { readers: 2000, runs: 200, updates: 5, processes: 1, isRouted: false, isRaw: true };
/** Each tells another part: many readers of few runs, many runs, raw messages, several processes. */
const CALIBRATION: Shape[] = [
  { ...BASE, runs: 20, updates: 10, isRaw: false },
  { ...BASE, readers: 1000, runs: 1000, isRaw: false },
  { ...BASE, readers: 1000, runs: 1000 },
  { ...BASE, processes: 3 },
  { ...BASE, processes: 6, isRaw: false },
];
const SIZES: Shape[] = [
  { ...BASE, readers: 500, runs: 50, updates: 40 },
  { ...BASE, processes: 2 },
  { ...BASE, readers: 6000, runs: 600, processes: 4 },
];
/** Measured ÷ predicted, and the inverse. CPU time depends on what else the machine does, by its caches. */
const TOLERANCE: Readonly<Record<Figure, number>> = {
  connectCpuUs: 2,
  connectBytes: 2,
  publishCpuUs: 2,
  keptBytes: 2,
  redisCpuUs: 2,
  redisInBytes: 1.2,
  redisOutBytes: 1.2,
};
const MILLION: Shape = { ...BASE, readers: 1_000_000, runs: 100_000, updates: 1, processes: 100 };
const UPDATES_PER_SECOND = 0.5;
const KEPT_EVENTS = 200;
const PLANS: Plan[] = [
  { title: 'raw messages', shape: MILLION },
  { title: 'publishers', shape: { ...MILLION, isRaw: false } },
  {
    title: 'publishers, readers of a run at one process',
    shape: { ...MILLION, isRaw: false, isRouted: true },
  },
];

// What was started ends with this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => process.exit(128 + constants.signals[signal]));

const trials: { shape: Shape; measured: Measured }[] = [];
for (const [i, given] of [...CALIBRATION, ...SIZES].entries()) {
  const shape = { ...given, readers: given.readers * SCALE, runs: given.runs * SCALE };
  process.stderr.write(`[${i + 1}/${CALIBRATION.length + SIZES.length}] ${sizeName(shape)}\n`);
  trials.push({ shape, measured: await runTrial(shape) });
}
const costs = fit(
  trials
    .slice(0, CALIBRATION.length)
    .map(({ shape, measured }) => ({ load: loadOf(shape), figures: measured.figures })),
);
const comparisons = trials.slice(CALIBRATION.length).flatMap(({ shape, measured }) =>
  FIGURES.map((figure): Comparison => {
    const predicted = predict(costs, loadOf(shape), figure);
    const ratio = measured.figures[figure] / predicted;
    const holds = ratio <= TOLERANCE[figure] && ratio >= 1 / TOLERANCE[figure];
    return { shape, figure, predicted, measured: measured.figures[figure], holds };
  }),
);
const { runBytes, scriptCallsPerUpdate } = trials.at(-1)?.measured ?? { runBytes: { first: 0, all: 0 } };
const entryBytes = (runBytes.all - runBytes.first) / (BASE.updates - 1);
const needs = PLANS.map((plan) =>
  needOf(plan, { costs, entryBytes, updatesPerSecond: UPDATES_PER_SECOND, keptEvents: KEPT_EVENTS }),
);
const parts = [
  costsTable(costs),
  `In Redis a run is ${runBytes.first} bytes after its first update, and ${Math.round(entryBytes)} more for each. Calls of the record script for each update, at the largest size: ${scriptCallsPerUpdate?.toFixed(3)}.`,
  comparisonTable(comparisons),
  `1,000,000 readers of 100,000 runs at 100 processes, an update of each run every ${1 / UPDATES_PER_SECOND} s, ${KEPT_EVENTS} kept of each:`,
  needsTable(needs),
];
process.stdout.write(`${parts.join('\n\n')}\n`);
process.exitCode = comparisons.every(({ holds }) => holds) ? 0 : 1;
