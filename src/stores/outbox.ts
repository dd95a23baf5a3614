// The outbox of raw messages: they wait here to be recorded, in order and under their names, while Redis is away, full or
// slow.
import { createLatency, type LatencyTotals } from '../runs/latency.ts';
import type { Recording } from '../runs/recording.ts';
import type { Outcome } from '../runs/store.ts';
import { MAX_COUNT } from './batches.ts';
import { createLanes } from './lanes.ts';
import type { RecordScript } from './record-call.ts';
import { type Sendable, sendable } from './record-script.ts';
import type { Tally } from './tally.ts';

export interface Outbox {
  push(recording: Recording): void;
  /** Sends the waiting ones now. */
  hurry(): void;
  /** Redis may accept updates again: tries now. */
  retryNow(): void;
  /** Why nothing can be recorded at the moment; null while things move. */
  blockedBy(): string | null;
  /** More waits than one call can carry. */
  isBehind(): boolean;
  /** How many are not recorded yet. */
  size(): number;
  /** From `push` until Redis has it: of what it was given to record, not of repeats. */
  latency(): LatencyTotals;
  /** Fulfilled when nothing waits any more. */
  whenEmpty(): Promise<void>;
}

export interface OutboxOptions {
  script: RecordScript;
  /** Runs of different lanes don't wait for each other. See lanes.ts. Default: all go in one. */
  laneOf?(runId: string): string;
  tally: Tally;
  /** Beyond either the oldest go, counted. Room for a burst that a healthy Redis needs a second for. */
  maxWaiting?: number;
  maxBytes?: number;
}

interface Waiting extends Sendable {
  /** Ms, monotonic. */
  heardAt: number;
}

/** Two thousand messages a second then make a hundred calls, not two thousand, and readers are served as often. */
const GATHER_MS = 10;

/**
 * A name at or below one that the store has counts as a repeat. So a failed update is repeated before the next one of its
 * run is recorded. Updates are not folded: a folded one would have no name of its own, and could not be told from a repeat.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { script, tally, laneOf = () => '' } = options;
  const { maxWaiting = 50_000, maxBytes = 64 * 1024 * 1024 } = options;
  const latency = createLatency();
  const lanes = createLanes<Waiting>(laneOf, {
    script,
    settle,
    onFailure: 'repeat',
    onRepeat: (reason, count) => tally.count('repeated-later', () => reason, count),
    gatherMs: GATHER_MS,
  });

  function settle({ runId, heardAt }: Waiting, outcome: Outcome) {
    if (outcome.status === 'recorded') latency.observe(performance.now() - heardAt);
    tally.count(outcome.status, () => ('reason' in outcome ? `${runId}: ${outcome.reason}` : runId));
  }

  return {
    push: (recording) => {
      // Assigned, not spread: spreading took a tenth of the service's time in a burst.
      const { queue, sender } = lanes.push(
        Object.assign(sendable(recording), { heardAt: performance.now() }),
      );
      while (lanes.waiting > maxWaiting || lanes.waitingBytes > maxBytes) {
        lanes.dropOldest();
        tally.count(
          'dropped-oldest',
          () => `over ${maxWaiting} messages or ${maxBytes} bytes wait for Redis`,
        );
      }
      sender.wake();
      if (queue.size >= MAX_COUNT) sender.hurry();
    },
    hurry: () => {
      for (const sender of lanes.senders()) sender.hurry();
    },
    retryNow: () => {
      for (const sender of lanes.senders()) sender.retryNow();
    },
    blockedBy: () =>
      lanes
        .senders()
        .map((sender) => sender.blockedBy())
        .find((reason) => reason !== null) ?? null,
    isBehind: () => lanes.waiting > MAX_COUNT,
    size: () => lanes.senders().reduce((count, { unsettled }) => count + unsettled, lanes.waiting),
    latency: latency.totals,
    whenEmpty: async () => {
      await Promise.all(lanes.senders().map((sender) => sender.whenEmpty()));
    },
  };
}
