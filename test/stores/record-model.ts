// The record rule once more, as plainly as can be: the model that record.lua and the store in memory are held to.
// Counters are whole thousandths here, so that its sums are exact by another way.
import type { Recording } from '../../src/runs/recording.ts';
import type { Update } from '../../src/runs/update.ts';

export const MOST_SOURCES = 256;
export const MOST_EPOCHS = 32;

export interface ModelEvent {
  state: string | null;
  progress: number | null;
  current?: number;
  total?: number;
  attempt?: number;
  message: string;
  data?: Update['data'];
  done?: true;
}

export type ModelOutcome =
  | { status: 'recorded' | 'repeat'; event: ModelEvent }
  | { status: 'repeat' | 'stale' | 'superseded' };

interface Values {
  state: string | null;
  progress: number | null;
  thousandths: { current: number; total: number | null } | null;
  setBy: { state: number; progress: number; data: number };
}

function nothing(): Values {
  return { state: null, progress: null, thousandths: null, setBy: { state: 0, progress: 0, data: 0 } };
}

/** One run. */
export function createRecordModel(terminalStates: readonly string[]) {
  const epochs = new Map<number, number>();
  /** Those that spoke last come last. */
  const sources = new Map<string, number>();
  const byKey = new Map<string, ModelEvent>();
  let values = nothing();
  let attempt = -1;

  /** Why the name is not to be recorded, or null. */
  function nameProblem({ source, n }: Recording['name']): 'repeat' | 'stale' | null {
    const seen = /^\d/.test(source) ? epochs.get(Number(source)) : sources.get(source);
    if (seen !== undefined && n <= seen) return 'repeat';
    const isOld = seen === undefined && [...epochs.keys()].every((epoch) => epoch > Number(source));
    return /^\d/.test(source) && isOld && epochs.size >= MOST_EPOCHS ? 'stale' : null;
  }

  function remember({ source, n }: Recording['name']) {
    if (/^\d/.test(source)) {
      epochs.set(Number(source), n);
      if (epochs.size > MOST_EPOCHS) epochs.delete(Math.min(...epochs.keys()));
      return;
    }
    sources.delete(source);
    sources.set(source, n);
    for (const oldest of sources.keys()) if (sources.size > MOST_SOURCES) sources.delete(oldest);
  }

  function count({ current, total, advance }: Update) {
    if (current === undefined && total === undefined && advance === undefined) return;
    const before = values.thousandths ?? { current: 0, total: null };
    const start = current === undefined ? before.current : Math.round(current * 1000);
    const now = {
      current: start + Math.round((advance ?? 0) * 1000),
      total: total === undefined ? before.total : Math.round(total * 1000),
    };
    values.thousandths = now;
    if (now.total !== null) values.progress = Math.min(now.current / now.total, 1);
  }

  function apply(update: Update, epoch: number): ModelEvent {
    const { setBy } = values;
    if (update.state !== undefined && epoch >= setBy.state) {
      values.state = update.state;
      setBy.state = epoch;
    }
    if (epoch >= setBy.progress) {
      if (update.progress !== undefined) values.progress = update.progress;
      count(update);
      if ((update.progress ?? update.current ?? update.total) !== undefined) setBy.progress = epoch;
    }
    const takesData = update.data !== undefined && epoch >= setBy.data;
    if (takesData) setBy.data = epoch;
    const { current, total } = values.thousandths ?? { current: null, total: null };
    return {
      state: values.state,
      progress: values.progress,
      ...(current !== null && { current: current / 1000 }),
      ...(total !== null && { total: total / 1000 }),
      ...(attempt >= 0 && { attempt }),
      message: update.log ?? '',
      ...(takesData && { data: update.data }),
      ...(terminalStates.includes(values.state ?? '') && { done: true as const }),
    };
  }

  return {
    record: ({ update, name, key }: Recording): ModelOutcome => {
      const first = key === undefined ? undefined : byKey.get(key);
      if (first) return { status: 'repeat', event: first };
      const problem = nameProblem(name);
      if (problem) return { status: problem };
      if (update.attempt !== undefined && update.attempt < attempt) return { status: 'superseded' };
      remember(name);
      if (update.attempt !== undefined && update.attempt > attempt) {
        const { data } = values.setBy;
        values = { ...nothing(), setBy: { state: 0, progress: 0, data } };
        attempt = update.attempt;
      }
      const newest = Math.max(0, ...epochs.keys());
      const event = apply(update, /^\d/.test(name.source) ? Number(name.source) : newest);
      if (key !== undefined) byKey.set(key, event);
      return { status: 'recorded', event };
    },
  };
}
