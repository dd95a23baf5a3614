// The store in memory: for one process, lost when it ends.
import { jsonText } from '../runs/json-text.ts';
import { bearsKey, type Recording, recordUpdate } from '../runs/record.ts';
import type { HistoryOptions, Outcome, Store } from '../runs/store.ts';

const SWEEP_MS = 10_000;

export function createMemoryStore(options: HistoryOptions): Store {
  const runs = new Map<string, { elements: string[]; expiresAt: number }>();
  const followers = new Map<string, (elements: readonly string[]) => void>();
  const terminal = new Set(options.terminalStates.map(jsonText));
  const sweeper = setInterval(dropExpired, SWEEP_MS).unref();
  let lastMicros = 0;

  /** Ahead of every id handed out, so that a run that begins again does not repeat an id. */
  function clockMicros() {
    lastMicros = Math.max(Date.now() * 1000, lastMicros + 1);
    return lastMicros;
  }

  function elementsOf(runId: string): string[] {
    const run = runs.get(runId);
    return run && run.expiresAt > Date.now() ? run.elements : [];
  }

  function dropExpired() {
    const now = Date.now();
    for (const [runId, run] of runs) if (run.expiresAt <= now) runs.delete(runId);
  }

  function recordOne(recording: Recording, wantElement: boolean): Outcome {
    const elements = elementsOf(recording.runId);
    const { key } = recording;
    const first = key === undefined ? undefined : elements.find((element) => bearsKey(element, key));
    if (first !== undefined) return { status: 'repeat', element: first };
    const recorded = recordUpdate(elements.at(-1) ?? null, recording, {
      clockMicros: clockMicros(),
      newestEpoch: 0,
      isTerminal: (stateText) => terminal.has(stateText),
    });
    if (typeof recorded === 'string') return { status: recorded };
    const { element, done } = recorded;
    elements.push(element);
    if (elements.length > options.historyLimit) elements.shift();
    const expiresAt = Date.now() + (done ? options.finishedTtlMs : options.runTtlMs);
    runs.set(recording.runId, { elements, expiresAt });
    followers.get(recording.runId)?.([element]);
    return wantElement ? { status: 'recorded', element } : { status: 'recorded' };
  }

  return {
    record: async (recordings, { wantElements = false } = {}) =>
      recordings.map((recording) => recordOne(recording, wantElements)),
    read: async (runId) => elementsOf(runId).slice(),
    readLast: async (runId) => elementsOf(runId).at(-1) ?? null,
    follow: async (runId, onElements) => {
      followers.set(runId, onElements);
    },
    unfollow: (runId) => {
      followers.delete(runId);
    },
    onConnection: () => {},
    isBehind: () => false,
    status: async () => ({ ready: true }),
    close: async () => {
      clearInterval(sweeper);
    },
  };
}
