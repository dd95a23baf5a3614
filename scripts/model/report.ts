// The model as Markdown.
import type { Costs, Figure } from './costs.ts';
import type { Need } from './extension.ts';
import type { Load, Shape } from './shape.ts';

const FIGURES: Readonly<Record<Figure, string>> = {
  connectCpuUs: 'opening connections: CPU of the service, µs',
  connectBytes: 'open connections: memory of the service, bytes',
  publishCpuUs: 'updates: CPU of the service, µs',
  keptBytes: 'updates: memory of the service, bytes',
  redisCpuUs: 'updates: CPU of Redis, µs',
  redisInBytes: 'updates: bytes to Redis',
  redisOutBytes: 'updates: bytes from Redis',
};
const PARTS: Readonly<Record<keyof Load, string>> = {
  readers: 'a reader',
  handed: 'handed on by the first of several processes',
  openings: 'a run opened, in each process',
  updates: 'an update recorded',
  heard: 'a raw message, for each process that hears it',
  announced: 'an announcement, for each process that has the run open',
  deliveries: 'an event written to a reader',
};

export interface Comparison {
  shape: Shape;
  figure: Figure;
  predicted: number;
  measured: number;
  /** Whether the ratio is within what the model promises. */
  holds: boolean;
}

export function costsTable(costs: Costs): string {
  const rows = Object.entries(costs).flatMap(([figure, parts]) =>
    Object.entries(parts).map(([part, cost]) => [
      FIGURES[figure as Figure],
      PARTS[part as keyof Load],
      number(cost, 1),
    ]),
  );
  return table(['cost', 'of', 'each'], rows);
}

export function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ shape, figure, predicted, measured, holds }) => [
    sizeName(shape),
    FIGURES[figure],
    number(predicted),
    number(measured),
    `${(measured / predicted).toFixed(2)}${holds ? '' : ' !'}`,
  ]);
  return table(['size', 'figure', 'predicted', 'measured', 'measured ÷ predicted'], rows);
}

export function needsTable(needs: readonly Need[]): string {
  const rows = needs.map((need) => [
    need.title,
    number(need.serviceCores),
    number(need.redisCores, 1),
    number(need.redisInMegabytes + need.redisOutMegabytes),
    number(need.serviceGigabytes),
    number(need.redisGigabytes, 1),
  ]);
  const heads = [
    'cores of the service',
    'cores of Redis',
    'MB/s at Redis',
    'GB in the service',
    'GB in Redis',
  ];
  return table(['', ...heads], rows);
}

export function sizeName({ readers, runs, processes }: Shape): string {
  return `${number(readers)} readers, ${number(runs)} runs, ${processes} process${processes > 1 ? 'es' : ''}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = head.map((_, i) => (i === 0 ? '---' : '--:'));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function number(value: number, digits = 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
