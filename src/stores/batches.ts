// Which updates go to Redis in one call: as many as a call may carry, fewer after a failure. An update whose size may be
// the cause of the failure goes alone. Decides only; sender.ts sends.
import type { Sendable } from './record-script.ts';

/** A call takes Redis about 10 µs per update, and Redis serves nobody else meanwhile. */
export const MAX_COUNT = 250;
/** Far below the limits of small Redis plans, and short enough for a slow line. */
export const MAX_BYTES = 256 * 1024;
/** After a failure the next calls are smaller. Each call that succeeds may be followed by one that is this much larger. */
const GROWTH_BYTES = 16 * 1024;
/** An update is given up after this many failures alone, while Redis answers others. */
const MAX_TRIALS = 5;
/** A smaller update is never given up: its size can't be the cause. */
const SUSPECT_BYTES = 4096;
/** How many updates are taken at most. Updates behind one on trial must leave room for those of other runs. */
const MAX_TAKEN = 4 * MAX_COUNT;

export interface Batch<T> {
  readonly items: readonly T[];
  /** The batch is one update that has failed alone before. */
  readonly isTrial: boolean;
  /** No other update can join this batch, so there is no reason to wait for one. */
  readonly isFull: boolean;
}

export interface Batches<T extends Sendable> {
  /** How many are taken, and neither settled nor given up. */
  readonly size: number;
  /** Empty when nothing waits. The order within a run is kept: no update overtakes one that has to be repeated. */
  next(): Batch<T>;
  /** Redis has answered. The `unsettled` ones have to be repeated, the others are settled. */
  answered(batch: Batch<T>, unsettled: readonly T[]): void;
  /**
   * All of it failed, and it may have been too big: the next ones are half as big. An update that was alone goes on trial:
   * other runs go first, then it is tried again. Returns true if it has failed too often and is not small: it is given up.
   */
  failed(batch: Batch<T>): boolean;
  /** The trial of this update can't be made now: other runs go first. */
  postpone(item: T): void;
  /** Removes, and returns, all that was taken. */
  clear(): readonly T[];
}

/** `take` gives the oldest update that waits. */
export function createBatches<T extends Sendable>(take: () => T | undefined): Batches<T> {
  let taken: T[] = [];
  let mostBytes = MAX_BYTES;
  /** Runs whose first update failed alone, and how often. The one that was tried last comes last. */
  const trials = new Map<string, number>();
  /** Other updates have been sent since the last trial. */
  let isTrialDue = true;

  function others(): Batch<T> {
    const items: T[] = [];
    let bytes = 0;
    for (let i = 0; i < MAX_TAKEN; i++) {
      const item = taken[i] ?? take();
      if (!item) break;
      taken[i] = item;
      if (trials.has(item.runId)) continue;
      bytes += item.bytes;
      if (items.length > 0 && (bytes > mostBytes || items.length === MAX_COUNT))
        return { items, isTrial: false, isFull: true };
      items.push(item);
    }
    return { items, isTrial: false, isFull: false };
  }

  function trial(): Batch<T> {
    const [runId] = trials.keys();
    const items = taken.filter((item) => item.runId === runId).slice(0, 1);
    return { items, isTrial: true, isFull: true };
  }

  return {
    get size() {
      return taken.length;
    },
    next: () => {
      if (trials.size > 0 && isTrialDue) return trial();
      const batch = others();
      return batch.items.length === 0 && trials.size > 0 ? trial() : batch;
    },
    answered: ({ items, isTrial }, unsettled) => {
      const sent = new Set(items);
      const waiting = new Set(unsettled);
      taken = taken.filter((item) => !sent.has(item) || waiting.has(item));
      if (unsettled.length === 0) mostBytes = Math.min(mostBytes + GROWTH_BYTES, MAX_BYTES);
      if (isTrial && unsettled.length === 0) trials.delete(items[0]?.runId ?? '');
      isTrialDue = !isTrial;
    },
    failed: ({ items }) => {
      isTrialDue = false;
      const [item] = items;
      if (!item || items.length > 1) {
        mostBytes = items.reduce((sum, { bytes }) => sum + bytes, 0) / 2;
        return false;
      }
      const failures = (trials.get(item.runId) ?? 0) + 1;
      trials.delete(item.runId);
      const isGivenUp = failures >= MAX_TRIALS && item.bytes >= SUSPECT_BYTES;
      if (isGivenUp) taken = taken.filter((other) => other !== item);
      else trials.set(item.runId, failures);
      return isGivenUp;
    },
    postpone: ({ runId }) => {
      const failures = trials.get(runId) ?? 0;
      trials.delete(runId);
      trials.set(runId, failures);
      isTrialDue = false;
    },
    clear: () => {
      const items = taken;
      taken = [];
      trials.clear();
      return items;
    },
  };
}
