// What is measured: how many readers and updates, which servers, and which figures say something about it.
import type { FigureName, ScenarioName, TargetName } from './turn.ts';

export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  /** One sentence: what happens, and how to read the figures. */
  readonly about: string;
  readonly targets: readonly TargetName[];
  readonly readers: number;
  readonly updates: number;
  /** Null: as fast as they go. */
  readonly updatesPerSecond: number | null;
  readonly figures: readonly FigureName[];
}

const EVERYONE: readonly TargetName[] = ['service', 'unchunked', 'naive', 'ws'];
const CHECKS: readonly FigureName[] = ['delivered', 'missing', 'doubled', 'outOfOrder'];
/** As shares of `--readers`. Idle ones are many, as a heap grows in steps of megabytes. */
const SHARES = { idle: 2.5, burst: 0.25, replay: 0.15 };

export function scenariosOf(readers: number): Scenario[] {
  const count = (number: number) => number.toLocaleString('en');
  const idleReaders = Math.round(readers * SHARES.idle);
  const burstReaders = Math.round(readers * SHARES.burst);
  const replayReaders = Math.round(readers * SHARES.replay);
  return [
    {
      name: 'idle',
      title: `Idle: ${count(idleReaders)} readers of a silent run`,
      about: 'What an open connection costs the server.',
      targets: ['service', 'naive', 'ws'],
      ...{ readers: idleReaders, updates: 0, updatesPerSecond: null },
      figures: ['bytesPerReader', 'cpuUsPerReader'],
    },
    {
      name: 'paced',
      title: `Paced: ${count(readers)} readers of one run, 5 updates a second`,
      about: 'Everyday use. The service records every update in Redis as well; the others keep nothing.',
      targets: EVERYONE,
      ...{ readers, updates: 15, updatesPerSecond: 5 },
      figures: ['cpuUsPerEvent', 'p50Ms', 'p99Ms', ...CHECKS, 'generatorLoad'],
    },
    {
      name: 'burst',
      title: `Burst: ${count(burstReaders)} readers of one run, 200 updates as fast as they go`,
      about:
        'Latency is counted from the moment an update was published, so it is the time until all have arrived.',
      targets: EVERYONE,
      ...{ readers: burstReaders, updates: 200, updatesPerSecond: null },
      figures: [
        ...(['eventsPerSecond', 'cpuUsPerEvent', 'p50Ms', 'p99Ms', 'growthMegabytes'] as const),
        ...CHECKS,
        'generatorLoad',
      ],
    },
    {
      name: 'replay',
      title: `Replay: ${count(replayReaders)} readers come back at once and have missed 200 events`,
      about:
        'Each sends `Last-Event-ID`; latency is counted from its connect. The naive server keeps no history: its readers get nothing, and its CPU is that of the connections alone.',
      targets: ['service', 'unchunked', 'naive'],
      ...{ readers: replayReaders, updates: 200, updatesPerSecond: null },
      figures: [
        ...(['eventsPerSecond', 'cpuUsPerReader', 'p50Ms', 'p99Ms'] as const),
        ...CHECKS,
        'generatorLoad',
      ],
    },
  ];
}

/** The most that are open at once. */
export function mostReaders(readers: number): number {
  return Math.max(...scenariosOf(readers).map((scenario) => scenario.readers));
}
