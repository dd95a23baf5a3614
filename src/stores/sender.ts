// Sends updates to Redis: one call at a time, in order, and repeats those that failed. The service's raw messages, its HTTP
// requests and the publisher for Node all use this loop.
import type { Outcome } from '../runs/store.ts';
import { createBatches } from './batches.ts';
import type { RecordScript } from './record-call.ts';
import type { Result, Sendable } from './record-script.ts';

export interface Sender {
  /** Says that there is an update to take. The first call begins at once. */
  wake(): void;
  /** Does not wait for more updates to send together. */
  hurry(): void;
  /** Redis may accept updates again: tries now. */
  retryNow(): void;
  /** Why nothing can be recorded at the moment; null while things move. */
  blockedBy(): string | null;
  /** How many updates are taken and not settled yet. */
  readonly unsettled: number;
  /** Fulfilled when nothing waits any more, or after `stop`. */
  whenEmpty(): Promise<void>;
  /** Ends the loop after the call under way. */
  stop(): void;
}

export interface SenderOptions<T extends Sendable> {
  script: RecordScript;
  /** The oldest update that waits. Once taken it is sent as it is, until it is settled. */
  take(): T | undefined;
  /** Called once for each update, in order within a run. */
  settle(item: T, outcome: Outcome): void;
  /**
   * 'repeat': an update is sent until Redis has it, and the later ones of its run wait for that. If Redis accepts others
   * but not this one, it is settled as 'rejected' after several tries.
   * 'refuse': a failed update is settled with its outcome, and everything behind it is refused.
   */
  onFailure: 'repeat' | 'refuse';
  /** `count` updates are repeated, for this reason. */
  onRepeat?(reason: string, count: number): void;
  /**
   * The least time from one call to the next, so that more updates share a call. A full batch does not wait, and `hurry`
   * ends the wait. Default: 0.
   */
  gatherMs?: number;
}

const RETRY_MS = 100;
const MAX_RETRY_MS = 2000;

export function createSender<T extends Sendable>(options: SenderOptions<T>): Sender {
  const { script, take, settle, onFailure, gatherMs = 0 } = options;
  const batches = createBatches(take);
  const gathering = createPause();
  const retrying = createPause();
  const emptied: (() => void)[] = [];
  let isSending = false;
  let isStopped = false;
  let blocked: string | null = null;
  let gatherUntil = 0;

  async function drain() {
    isSending = true;
    let failures = 0;
    while (!isStopped) {
      let batch = batches.next();
      if (batch.items.length === 0) {
        // What blocked may have been given up.
        blocked = null;
        break;
      }
      const waitMs = gatherUntil - performance.now();
      if (waitMs > 0 && !batch.isFull) {
        await gathering.wait(waitMs);
        batch = batches.next();
      }
      gatherUntil = performance.now() + gatherMs;
      const [first] = batch.items;
      if (batch.isTrial && first && !(await script.isAnswering(first))) {
        batches.postpone(first);
        await retrying.wait(retryMs(failures++));
        continue;
      }
      const { results, mayBeTooBig } = await script.call(batch.items);
      const unsettled = results.filter((result) => !isSettled(result)).map(([item]) => item);
      if (!mayBeTooBig) batches.answered(batch, unsettled);
      else if (batches.failed(batch) && first) {
        const reason = `Redis does not take an update of this size: ${blocked}`;
        settle(first, { status: 'rejected', reason });
      }
      if (unsettled.length === 0) {
        blocked = null;
        failures = 0;
      } else if (onFailure === 'repeat') {
        options.onRepeat?.(blocked ?? '', unsettled.length);
        await retrying.wait(retryMs(failures++));
      } else refuseAll(results);
    }
    isSending = false;
    for (const resolve of emptied.splice(0)) resolve();
  }

  /** False when it failed: then `onFailure` says what becomes of it. */
  function isSettled([item, outcome]: Result<T>): boolean {
    if (outcome.status === 'refused' || outcome.status === 'unknown') {
      blocked = outcome.reason;
      return false;
    }
    settle(item, outcome);
    return true;
  }

  function refuseAll(results: readonly Result<T>[]) {
    const outcomes = new Map(results);
    const refused: Outcome = { status: 'refused', reason: blocked ?? '' };
    for (const item of batches.clear()) settle(item, outcomes.get(item) ?? refused);
    for (let item = take(); item; item = take()) settle(item, refused);
  }

  return {
    wake: () => {
      if (!isSending && !isStopped) void drain();
    },
    hurry: () => {
      gatherUntil = 0;
      gathering.end();
    },
    retryNow: retrying.end,
    blockedBy: () => blocked,
    get unsettled() {
      return batches.size;
    },
    whenEmpty: () =>
      new Promise((resolve) => {
        if (isSending) emptied.push(resolve);
        else resolve();
      }),
    stop: () => {
      isStopped = true;
      gathering.end();
      retrying.end();
    },
  };
}

/** Random, so that many processes don't all try at once when Redis is back. */
function retryMs(failures: number): number {
  return Math.min(RETRY_MS * 2 ** failures, MAX_RETRY_MS) * (0.5 + Math.random() / 2);
}

/** A wait that can be ended early. One at a time. */
function createPause() {
  let end = () => {};
  return {
    wait: (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        end = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    end: () => end(),
  };
}
