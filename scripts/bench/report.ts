// The figures as Markdown: a table per scenario, medians of the repetitions, and the service's ratio to each opponent.
import type { Scenario } from './scenarios.ts';
import type { FigureName, Figures, ScenarioName, TargetName } from './turn.ts';

/** Of one turn. */
export interface Result {
  scenario: ScenarioName;
  target: TargetName;
  figures: Figures;
}

interface Row {
  label: string;
  digits: number;
  /** Of all repetitions, and no ratio: what was lost once must not vanish in a median. */
  isSum?: true;
}

const ROWS: Readonly<Record<FigureName, Row>> = {
  eventsPerSecond: { label: 'delivered events/s (more is better)', digits: 0 },
  cpuUsPerEvent: { label: 'server CPU µs per delivered event', digits: 2 },
  cpuUsPerReader: { label: 'server CPU µs per connection', digits: 0 },
  bytesPerReader: { label: 'RSS bytes per connection', digits: 0 },
  growthMegabytes: { label: 'RSS growth at most, MB', digits: 1 },
  p50Ms: { label: 'latency p50, ms', digits: 1 },
  p99Ms: { label: 'latency p99, ms', digits: 1 },
  delivered: { label: 'delivered, all repetitions', digits: 0, isSum: true },
  missing: { label: 'missing', digits: 0, isSum: true },
  doubled: { label: 'doubled', digits: 0, isSum: true },
  outOfOrder: { label: 'out of order', digits: 0, isSum: true },
  generatorLoad: { label: 'load generator, share of its core', digits: 2 },
};
/** Says how far a figure can be trusted, and is no merit of a server. */
const NO_RATIO: readonly FigureName[] = ['generatorLoad'];
const UNKNOWN = '–';

export function scenarioTable(scenario: Scenario, results: readonly Result[]): string {
  const { title, about, targets } = scenario;
  const opponents = targets.filter((target) => target !== 'service');
  const head = ['', ...targets, ...opponents.map((opponent) => `service ÷ ${opponent}`)];
  const rule = ['---', ...head.slice(1).map(() => '--:')];
  const rows = scenario.figures.map((name) => {
    const { label, digits, isSum } = ROWS[name];
    const ofTarget = (target: TargetName) =>
      (isSum ? sum : median)(
        results
          .filter((result) => result.scenario === scenario.name && result.target === target)
          .map(({ figures }) => figures[name])
          .filter((value) => typeof value === 'number'),
      );
    const ratioTo = (opponent: TargetName) =>
      isSum || NO_RATIO.includes(name) ? '' : formatRatio(ofTarget('service'), ofTarget(opponent));
    const values = targets.map((target) => formatNumber(ofTarget(target), digits));
    return [label, ...values, ...opponents.map(ratioTo)];
  });
  const table = [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `### ${title}\n\n${about}\n\n${table.join('\n')}`;
}

export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

function sum(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0);
}

function formatNumber(value: number | null, digits: number): string {
  if (value === null) return UNKNOWN;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatRatio(value: number | null, other: number | null): string {
  return value === null || other === null || other <= 0 ? UNKNOWN : (value / other).toFixed(2);
}
