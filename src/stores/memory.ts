// The store in memory: for one process, lost when it ends.
import { jsonText } from '../runs/json-text.ts';
import { bearsKey, type Recording, recordUpdate } from '../runs/record.ts';
import type { HistoryOptions } from '../runs/settings.ts';
import type { Outcome, Store } from '../runs/store.ts';

const SWEEP_MS = 10_000;

export function createMemoryStore(options: HistoryOptions): Store {
  const runs = new Map<string, { entries: string[]; expiresAt: number }>();
  const followers = new Map<string, (entries: readonly string[]) => void>();
  const terminal = new Set(options.terminalStates.map(jsonText));
  const sweeper = setInterval(dropExpired, SWEEP_MS).unref();
  let lastMicros = 0;

  /** Ahead of every id handed out, so that a run that begins again does not repeat an id. */
  function clockMicros() {
    lastMicros = Math.max(Date.now() * 1000, lastMicros + 1);
    return lastMicros;
  }

  function entriesOf(runId: string): string[] {
    const run = runs.get(runId);
    return run && run.expiresAt > Date.now() ? run.entries : [];
  }

  function dropExpired() {
    const now = Date.now();
    for (const [runId, run] of runs) if (run.expiresAt <= now) runs.delete(runId);
  }

  function recordOne(recording: Recording, wantEntry: boolean): Outcome {
    const entries = entriesOf(recording.runId);
    const { key } = recording;
    const first = key === undefined ? undefined : entries.find((entry) => bearsKey(entry, key));
    if (first !== undefined) return { status: 'repeat', entry: first };
    const recorded = recordUpdate(entries.at(-1) ?? null, recording, {
      clockMicros: clockMicros(),
      newestEpoch: 0,
      isTerminal: (stateText) => terminal.has(stateText),
    });
    if (typeof recorded === 'string') return { status: recorded };
    const { entry, done } = recorded;
    entries.push(entry);
    if (entries.length > options.historyLimit) entries.shift();
    const expiresAt = Date.now() + (done ? options.finishedTtlMs : options.runTtlMs);
    runs.set(recording.runId, { entries, expiresAt });
    followers.get(recording.runId)?.([entry]);
    return wantEntry ? { status: 'recorded', entry } : { status: 'recorded' };
  }

  return {
    record: async (recordings, { wantEntries = false } = {}) =>
      recordings.map((recording) => recordOne(recording, wantEntries)),
    read: async (runId) => entriesOf(runId).slice(),
    readLast: async (runId) => entriesOf(runId).at(-1) ?? null,
    follow: async (runId, onEntries) => {
      followers.set(runId, onEntries);
    },
    unfollow: (runId) => {
      followers.delete(runId);
    },
    onConnection: () => {},
    isBehind: () => false,
    now: Date.now,
    status: async () => ({ ready: true }),
    close: async () => {
      clearInterval(sweeper);
    },
  };
}
