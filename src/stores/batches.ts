// Which updates go to Redis together: as many as one call may carry, fewer after a failure, and one alone whose size may
// be the cause. Decides only; sender.ts sends.
import type { Sendable } from './record-call.ts';

/** A call takes about 10 µs per update, in which Redis serves nobody else. */
export const MAX_COUNT = 250;
/** Far below what small plans allow a connection, and on its way soon enough on a slow line. */
export const MAX_BYTES = 256 * 1024;
/** After a failure the next calls are smaller; each one that succeeds makes room for so much more. */
const GROWTH_BYTES = 16 * 1024;
/** An update that fails alone so often, while Redis answers others, is given up. */
const MAX_TRIALS = 5;
/** Smaller ones are never given up: it is the connection that failed. */
const SUSPECT_BYTES = 4096;
/** Taken at a time. What waits behind an update on trial must not take the place of other runs' updates for long. */
const MAX_TAKEN = 4 * MAX_COUNT;

export interface Batch<T> {
  readonly items: readonly T[];
  /** It is one update that failed alone before. */
  readonly isTrial: boolean;
  /** It can carry no more, or more would not be sent with it: there is nothing to wait for. */
  readonly isFull: boolean;
}

export interface Batches<T extends Sendable> {
  /** Taken, and neither settled nor given up. */
  readonly size: number;
  /** Empty when nothing waits. Of one run the order is kept: no update goes before one that waits to be repeated. */
  next(): Batch<T>;
  /** Redis has answered: these wait to be repeated, the batch's others are settled. */
  answered(batch: Batch<T>, unsettled: readonly T[]): void;
  /** The batch failed, and may have been too big: the next ones are half as big. */
  shrink(batch: Batch<T>): void;
  /**
   * The update failed alone. It goes on trial: other runs go first, then it is tried again. False when it has failed too
   * often and is not small; then it waits no more.
   */
  tryAgain(item: T): boolean;
  /** Removes, and returns, all that was taken. */
  clear(): readonly T[];
}

/** `take` gives the oldest update that waits. */
export function createBatches<T extends Sendable>(take: () => T | undefined): Batches<T> {
  let taken: T[] = [];
  let mostBytes = MAX_BYTES;
  /** Runs whose first update failed alone, and how often. The one that was tried last comes last. */
  const trials = new Map<string, number>();
  /** Others have had their turn since the last trial. */
  let isTrialDue = true;

  function others(): Batch<T> {
    const items: T[] = [];
    let bytes = 0;
    const fits = (item: T) => {
      bytes += item.bytes;
      if (items.length > 0 && (bytes > mostBytes || items.length === MAX_COUNT)) return false;
      items.push(item);
      return true;
    };
    for (const item of taken)
      if (!trials.has(item.runId) && !fits(item)) return { items, isTrial: false, isFull: true };
    while (taken.length < MAX_TAKEN) {
      const item = take();
      if (!item) break;
      taken.push(item);
      if (!trials.has(item.runId) && !fits(item)) return { items, isTrial: false, isFull: true };
    }
    return { items, isTrial: false, isFull: false };
  }

  function trial(): Batch<T> {
    const [runId] = trials.keys();
    const items = taken.filter((item) => item.runId === runId).slice(0, 1);
    return { items, isTrial: true, isFull: true };
  }

  function remove(items: ReadonlySet<T>) {
    taken = taken.filter((item) => !items.has(item));
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
      const waiting = new Set(unsettled);
      remove(new Set(items.filter((item) => !waiting.has(item))));
      if (unsettled.length === 0) mostBytes = Math.min(mostBytes + GROWTH_BYTES, MAX_BYTES);
      if (isTrial && unsettled.length === 0) trials.delete(items[0]?.runId ?? '');
      isTrialDue = !isTrial;
    },
    shrink: ({ items }) => {
      mostBytes = items.reduce((bytes, item) => bytes + item.bytes, 0) / 2;
      isTrialDue = false;
    },
    tryAgain: (item) => {
      const failures = (trials.get(item.runId) ?? 0) + 1;
      trials.delete(item.runId);
      isTrialDue = false;
      const goesOn = failures < MAX_TRIALS || item.bytes < SUSPECT_BYTES;
      if (goesOn) trials.set(item.runId, failures);
      else remove(new Set([item]));
      return goesOn;
    },
    clear: () => {
      const items = taken;
      taken = [];
      trials.clear();
      return items;
    },
  };
}
