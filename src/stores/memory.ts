// The store in memory: for one process, and lost when it ends. No update reaches it twice, so it needs no names.
import { bearsKey, entryText, eventText, parseEntry } from '../runs/event.ts';
import { createLatency } from '../runs/latency.ts';
import { NO_VALUES, type Recording, type RunValues, valuesAfter } from '../runs/recording.ts';
import type { HistoryOptions } from '../runs/settings.ts';
import type { Outcome, Store } from '../runs/store.ts';

interface MemoryRun {
  entries: string[];
  values: RunValues;
  /** Ids of the first and the last event. */
  started: number;
  id: number;
  /** When the last one was recorded, in ms. */
  heardAt: number;
  expiresAt: number;
}

const SWEEP_MS = 10_000;

export function createMemoryStore(options: HistoryOptions): Store {
  const runs = new Map<string, MemoryRun>();
  const followers = new Map<string, (entries: readonly string[]) => void>();
  const sweeper = setInterval(dropExpired, SWEEP_MS).unref();
  // There is no raw channel.
  const latency = createLatency();
  let lastMicros = 0;

  /** Higher than every id so far, so that a run that begins again does not repeat one. */
  function clockMicros() {
    lastMicros = Math.max(Date.now() * 1000, lastMicros + 1);
    return lastMicros;
  }

  function known(runId: string): MemoryRun | undefined {
    const run = runs.get(runId);
    return run && run.expiresAt > Date.now() ? run : undefined;
  }

  function dropExpired() {
    const now = Date.now();
    for (const [runId, run] of runs) if (run.expiresAt <= now) runs.delete(runId);
  }

  function recordOne({ runId, update, key, silenceMs = 0 }: Recording, wantEvent: boolean): Outcome {
    const micros = clockMicros();
    const run = known(runId) ?? {
      entries: [] as string[],
      values: NO_VALUES,
      started: micros,
      id: micros - 1,
      heardAt: Number.NEGATIVE_INFINITY,
    };
    const first = key === undefined ? undefined : run.entries.find((entry) => bearsKey(entry, key));
    if (first !== undefined) return { status: 'repeat', event: parseEntry(first)?.json ?? '' };
    const values = valuesAfter(run.values, update);
    if (!values) return { status: 'superseded' };
    const ts = Math.floor(micros / 1000);
    if (values.attempt === run.values.attempt && ts - run.heardAt < silenceMs) return { status: 'repeat' };
    const id = run.id + 1;
    const done = values.state !== null && options.terminalStates.includes(values.state);
    const event = eventText({ runId, id, ts, values, update, done });
    const entry = entryText(event, run.started, key);
    run.entries.push(entry);
    if (run.entries.length > options.historyLimit) run.entries.shift();
    const expiresAt = Date.now() + (done ? options.finishedTtlMs : options.runTtlMs);
    runs.set(runId, { ...run, values, id, heardAt: ts, expiresAt });
    followers.get(runId)?.([entry]);
    return wantEvent ? { status: 'recorded', event } : { status: 'recorded' };
  }

  return {
    record: async (recordings, { wantEvents = false } = {}) =>
      recordings.map((recording) => recordOne(recording, wantEvents)),
    read: async (runId) => known(runId)?.entries.slice() ?? [],
    readLast: async (runId) => known(runId)?.entries.at(-1) ?? null,
    follow: async (runId, onEntries) => {
      followers.set(runId, onEntries);
    },
    unfollow: (runId) => {
      followers.delete(runId);
    },
    onConnection: () => {},
    isBehind: () => false,
    rawOutcomes: () => new Map(),
    waiting: () => 0,
    rawLatency: latency.totals,
    links: () => new Map(),
    // Never behind a `ts`, though the host's clock was set back.
    now: () => Math.floor(Math.max(Date.now() * 1000, lastMicros) / 1000),
    status: async () => ({ ready: true }),
    close: async () => {
      clearInterval(sweeper);
    },
  };
}
