// The metrics of this process; those of the guarantees come first. No run id is a label, as their number is unlimited.
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Hub } from '../runs/hub.ts';
import type { Latency, LatencyTotals } from '../runs/latency.ts';
import type { LinkState, Store } from '../runs/store.ts';
import type { Connections } from './connections.ts';
import { LatencyMetric } from './latency-metric.ts';
import type { ProblemCode } from './problem.ts';
import type { Cut } from './spare-connections.ts';

export interface MetricsOptions {
  store: Store;
  hub: Hub;
  connections: Connections;
  /** What became of updates that came over HTTP: how many were 'recorded', a 'repeat' … */
  published: ReadonlyMap<string, number>;
  /** From a request's update until it was recorded. */
  publishLatency: Latency;
  /** From an event's `ts` until it was written. */
  writeLatency(): LatencyTotals;
  /** Answers that were problems, by code. */
  problems: ReadonlyMap<ProblemCode, number>;
  /** Connections that no reader has: how many, and how many were cut, by why. */
  spareCount(): number;
  cuts: ReadonlyMap<Cut, number>;
}

/** Everything is counted where it happens, from 0 on, and read here when the metrics are asked for. */
export function createMetrics(options: MetricsOptions): Registry {
  const { store, hub, connections, published, publishLatency, writeLatency, problems } = options;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'run_progress_' });

  function total(name: string, help: string, read: () => number) {
    const counter: Counter = new Counter({
      name: `run_progress_${name}_total`,
      help,
      registers: [registry],
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  }

  function totals(name: string, help: string, label: string, read: () => ReadonlyMap<string, number>) {
    const counter: Counter = new Counter({
      name: `run_progress_${name}_total`,
      help,
      labelNames: [label],
      registers: [registry],
      collect: () => {
        counter.reset();
        for (const [value, count] of read()) counter.inc({ [label]: value }, count);
      },
    });
  }

  function gauge(name: string, help: string, read: () => number) {
    const gauged: Gauge = new Gauge({
      name: `run_progress_${name}`,
      help,
      registers: [registry],
      collect: () => gauged.set(read()),
    });
  }

  /** `aggregator`: what several processes say together. */
  function gauges(
    name: string,
    help: string,
    label: string,
    read: () => ReadonlyMap<string, number>,
    aggregator: Aggregator = 'sum',
  ) {
    const gauged: Gauge = new Gauge({
      name: `run_progress_${name}`,
      help,
      labelNames: [label],
      registers: [registry],
      aggregator,
      collect: () => {
        // What is gone must not stay with its last value.
        gauged.reset();
        for (const [value, count] of read()) gauged.set({ [label]: value }, count);
      },
    });
  }

  function linkValues(toNumber: (state: LinkState) => number) {
    return () => new Map([...store.links()].map(([name, state]) => [name, toNumber(state)]));
  }

  totals('raw_messages', 'What became of messages on the raw channel', 'outcome', store.rawOutcomes);
  gauge('raw_messages_waiting', 'Messages of the raw channel that wait to be recorded', store.waiting);
  totals('published_updates', 'What became of updates that came over HTTP', 'outcome', () => published);
  total('events_delivered', 'Events handed to readers', () => hub.counts().events);
  total(
    'events_replayed',
    'Of these, the ones that readers got for their cursor',
    () => hub.counts().replayed,
  );
  total('snapshots_delivered', 'Snapshots handed to readers', () => hub.counts().snapshots);
  total('gaps_announced', 'Snapshots that told a reader of missing events', () => hub.counts().gaps);
  gauge('runs_open', 'Runs that are open here', () => hub.counts().openRuns);
  gauge(
    'idle_runs_characters',
    'Characters of the events of open runs that nobody reads',
    () => hub.counts().idleCharacters,
  );
  gauge('processes', 'Processes that serve: more than one with WEB_CONCURRENCY', () => 1);
  gauges('connections', 'Open streams, long polls and WebSockets', 'transport', connections.counts);
  gauge(
    'spare_connections',
    'Connections that no reader has: between requests, or before the first',
    options.spareCount,
  );
  totals('cut_connections', 'Connections cut while no reader had them, by why', 'reason', () => options.cuts);
  totals('readers_left', 'Streams, long polls and WebSockets that have ended', 'ending', connections.endings);
  totals(
    'problems',
    'Requests that were refused or failed, by the code of the answer',
    'code',
    () => problems,
  );
  gauges(
    'redis_up',
    'Whether each connection to Redis can be used: 1 or 0',
    'connection',
    linkValues(({ isUp }) => (isUp ? 1 : 0)),
    'min',
  );
  totals(
    'redis_reconnections',
    'How often a connection to Redis came back',
    'connection',
    linkValues(({ reconnections }) => reconnections),
  );
  new LatencyMetric({
    name: 'run_progress_record_seconds',
    help: 'From receiving an update until it was recorded',
    label: 'way',
    read: () => ({ raw: store.rawLatency(), http: publishLatency.totals() }),
    registry,
  });
  new LatencyMetric({
    name: 'run_progress_write_seconds',
    help: "From an event's ts until it was written to all readers that had room, by the clock of the store",
    read: () => ({ '': writeLatency() }),
    registry,
  });
  return registry;
}
