// Raw messages that wait to be recorded: in order, under their names, while Redis is away, full or slow.
import { setTimeout as delay } from 'node:timers/promises';
import type { Recording } from '../runs/record.ts';
import type { Outcome, Store } from '../runs/store.ts';
import type { Tally } from './tally.ts';

export interface Outbox {
  /** `bytes`: about what it takes to keep it. */
  push(recording: Recording, bytes: number): void;
  /** The store may take updates again: do not wait for the next try. */
  retryNow(): void;
  /** Why nothing can be recorded at the moment; null while things move. */
  blockedBy(): string | null;
  /** More waits than one call can carry. */
  isBehind(): boolean;
  /** Fulfilled when nothing waits any more. */
  whenEmpty(): Promise<void>;
}

export interface OutboxOptions {
  record: Store['record'];
  tally: Tally;
  /** Beyond either the oldest go, counted. Room for a burst that a healthy Redis needs a second for. */
  maxWaiting?: number;
  maxBytes?: number;
}

interface Waiting {
  recording: Recording;
  bytes: number;
}

const BATCH = 250;
/**
 * From one call to the next, unless a full batch waits: two thousand messages a second are a hundred calls and not two thousand,
 * and as many turns of readers.
 */
const GATHER_MS = 10;
const RETRY_MS = 250;
const MAX_RETRY_MS = 2000;

/**
 * A run's names are tried strictly in order: the store takes a name below one that it has for a repeat, so one that failed
 * is repeated before the run's next is recorded. Nothing is folded, as a folded name would blur what is a repeat.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { record, tally, maxWaiting = 50_000, maxBytes = 64 * 1024 * 1024 } = options;
  // The first `taken` places are empty: taking from the front must not move all that waits.
  let waiting: (Waiting | undefined)[] = [];
  let waitingBytes = 0;
  let taken = 0;
  let sending = false;
  let gathering: Promise<void> | null = null;
  let blocked: string | null = null;
  let wake: (() => void) | null = null;
  const emptied: (() => void)[] = [];

  async function drain() {
    sending = true;
    let failures = 0;
    let batch: Recording[] = [];
    while (batch.length > 0 || waiting.length > taken) {
      if (gathering && waiting.length - taken < BATCH) await gathering;
      gathering ??= delay(GATHER_MS).then(() => {
        gathering = null;
      });
      batch = [...batch, ...take(BATCH - batch.length)];
      const outcomes = await record(batch);
      batch = batch.filter((recording, i) => !isSettled(outcomes[i], recording));
      if (batch.length === 0) {
        blocked = null;
        failures = 0;
        continue;
      }
      tally.count('repeated-later', () => blocked ?? '', batch.length);
      await pause(Math.min(RETRY_MS * 2 ** failures++, MAX_RETRY_MS));
    }
    sending = false;
    for (const resolve of emptied.splice(0)) resolve();
  }

  function take(count: number): Recording[] {
    const end = Math.min(taken + count, waiting.length);
    const batch = waiting.slice(taken, end).filter((entry) => entry !== undefined);
    waiting.fill(undefined, taken, end);
    taken = end;
    if (taken > maxWaiting || taken === waiting.length) {
      waiting = waiting.slice(taken);
      taken = 0;
    }
    for (const { bytes } of batch) waitingBytes -= bytes;
    return batch.map(({ recording }) => recording);
  }

  /** False when it has to be repeated. */
  function isSettled(outcome: Outcome | undefined, recording: Recording): boolean {
    if (outcome?.status === 'refused' || outcome?.status === 'unknown') {
      blocked = outcome.reason;
      return false;
    }
    if (outcome?.status === 'rejected')
      tally.count('rejected', () => `${recording.runId}: ${outcome.reason}`);
    else if (outcome) tally.count(outcome.status);
    return true;
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      wake = done;
      function done() {
        clearTimeout(timer);
        wake = null;
        resolve();
      }
    });
  }

  return {
    push: (recording, bytes) => {
      waiting.push({ recording, bytes });
      waitingBytes += bytes;
      while (waiting.length - taken > maxWaiting || waitingBytes > maxBytes) {
        take(1);
        tally.count(
          'dropped-oldest',
          () => `over ${maxWaiting} messages or ${maxBytes} bytes wait for Redis`,
        );
      }
      if (!sending) void drain();
    },
    retryNow: () => wake?.(),
    blockedBy: () => blocked,
    isBehind: () => waiting.length - taken > BATCH,
    whenEmpty: () =>
      new Promise((resolve) => {
        if (sending) emptied.push(resolve);
        else resolve();
      }),
  };
}
