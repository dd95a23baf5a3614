// Raw messages that wait to be recorded: in order, under their names, while Redis is away, full or slow.
import type { Recording } from '../runs/record.ts';
import type { Outcome, Store } from '../runs/store.ts';
import type { Tally } from './tally.ts';

export interface Outbox {
  push(recording: Recording): void;
  /** The store may take updates again: do not wait for the next try. */
  retryNow(): void;
  /** Why nothing can be recorded at the moment; null while things move. */
  blockedBy(): string | null;
  /** Fulfilled when nothing waits any more. */
  whenEmpty(): Promise<void>;
}

export interface OutboxOptions {
  record: Store['record'];
  tally: Tally;
  /** Beyond it the oldest go, counted: 10,000. */
  maxWaiting?: number;
}

const BATCH = 100;
const RETRY_MS = 250;
const MAX_RETRY_MS = 2000;

/**
 * Names are tried strictly in order: the store takes a name below one that it has for a repeat, so one that failed is
 * repeated before the next is sent. Nothing is folded, as a folded name would blur what is a repeat.
 */
export function createOutbox({ record, tally, maxWaiting = 10_000 }: OutboxOptions): Outbox {
  let waiting: Recording[] = [];
  let sending = false;
  let blocked: string | null = null;
  let wake: (() => void) | null = null;
  const emptied: (() => void)[] = [];

  async function drain() {
    sending = true;
    let failures = 0;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, BATCH);
      const outcomes = await record(batch);
      const failed = outcomes.findIndex(mustBeRepeated);
      for (const [i, outcome] of outcomes.entries())
        if (failed === -1 || i < failed) count(outcome, batch[i]);
      if (failed === -1) {
        blocked = null;
        failures = 0;
        continue;
      }
      const failure = outcomes[failed];
      blocked = failure && 'reason' in failure ? failure.reason : 'unknown';
      tally.count('repeated-later', blocked);
      waiting = [...batch.slice(failed), ...waiting];
      dropOldest();
      await pause(Math.min(RETRY_MS * 2 ** failures++, MAX_RETRY_MS));
    }
    sending = false;
    for (const resolve of emptied.splice(0)) resolve();
  }

  function count(outcome: Outcome, recording: Recording | undefined) {
    if (outcome.status === 'rejected') tally.count('rejected', `${recording?.runId}: ${outcome.reason}`);
    else tally.count(outcome.status);
  }

  function dropOldest() {
    const excess = waiting.length - maxWaiting;
    if (excess <= 0) return;
    waiting.splice(0, excess);
    tally.count('dropped-oldest', `over ${maxWaiting} messages wait for Redis`, excess);
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
    push: (recording) => {
      waiting.push(recording);
      dropOldest();
      if (!sending) void drain();
    },
    retryNow: () => wake?.(),
    blockedBy: () => blocked,
    whenEmpty: () =>
      new Promise((resolve) => {
        if (sending) emptied.push(resolve);
        else resolve();
      }),
  };
}

function mustBeRepeated({ status }: Outcome): boolean {
  return status === 'refused' || status === 'unknown';
}
