// Metrics of this process: what the guarantees rest on first. No run id is a label: there are as many as there are runs.
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Hub } from '../runs/hub.ts';
import type { Store } from '../runs/store.ts';
import type { Connections } from './connections.ts';

export interface MetricsOptions {
  store: Store;
  hub: Hub;
  connections: Connections;
  /** What became of updates that came over HTTP: how many were 'recorded', a 'repeat' … */
  published: ReadonlyMap<string, number>;
}

/** Everything is counted where it happens, and read when it is asked for. */
export function createMetrics({ store, hub, connections, published }: MetricsOptions): Registry {
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
  gauge('processes', 'Processes that serve: more than one with WEB_CONCURRENCY', () => 1);
  totals('refused_connections', 'Connections refused, by code', 'code', connections.refusals);
  const open = new Gauge({
    name: 'run_progress_connections',
    help: 'Open streams, long polls and WebSockets',
    labelNames: ['transport'],
    registers: [registry],
    collect: () => {
      open.reset();
      for (const [transport, count] of connections.counts()) open.set({ transport }, count);
    },
  });
  return registry;
}
