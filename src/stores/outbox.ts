// The outbox of raw messages: they wait here to be recorded, in order and under their names, while Redis is away, full or
// slow.
import { createLatency, type LatencyTotals } from '../runs/latency.ts';
import type { Recording } from '../runs/recording.ts';
import type { Outcome } from '../runs/store.ts';
import { MAX_COUNT } from './batches.ts';
import { createLanes } from './lanes.ts';
import { createQueue, type Queue } from './queue.ts';
import { type RecordCall, type Sendable, sendable } from './record-call.ts';
import { createSender } from './sender.ts';
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
  call: RecordCall;
  /** Runs of different lanes don't wait for each other. See lanes.ts. Default: all go in one. */
  laneOf?(runId: string): string;
  isAnswering(runId: string): Promise<boolean>;
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
/** Memory of an update, without its text: the text takes up to two bytes per character. */
const OVERHEAD_BYTES = 300;

/**
 * A name at or below one that the store has counts as a repeat. So a failed update is repeated before the next one of its
 * run is recorded. Updates are not folded: a folded one would have no name of its own, and could not be told from a repeat.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { call, isAnswering, tally, laneOf = () => '' } = options;
  const { maxWaiting = 50_000, maxBytes = 64 * 1024 * 1024 } = options;
  const lanes = createLanes(laneOf, createLane);
  const latency = createLatency();
  let waiting = 0;
  let waitingBytes = 0;

  function createLane() {
    const queue = createQueue<Waiting>();
    const sender = createSender<Waiting>({
      call,
      take: () => takeFrom(queue),
      settle,
      onFailure: 'repeat',
      onRepeat: (reason, count) => tally.count('repeated-later', () => reason, count),
      isAnswering: (item) => isAnswering(item.runId),
      gatherMs: GATHER_MS,
    });
    return { queue, sender };
  }

  function settle({ runId, heardAt }: Waiting, outcome: Outcome) {
    lanes.leave(runId);
    if (outcome.status === 'recorded') latency.observe(performance.now() - heardAt);
    tally.count(outcome.status, () => ('reason' in outcome ? `${runId}: ${outcome.reason}` : runId));
  }

  function takeFrom(queue: Queue<Waiting>): Waiting | undefined {
    const item = queue.take();
    if (!item) return undefined;
    waiting--;
    waitingBytes -= sizeOf(item);
    return item;
  }

  /** Of the longest lane: the one that is held up. */
  function dropOldest() {
    let longest: Queue<Waiting> | undefined;
    for (const { queue } of lanes.all()) if (queue.size > (longest?.size ?? 0)) longest = queue;
    const dropped = longest && takeFrom(longest);
    if (dropped) lanes.leave(dropped.runId);
    tally.count('dropped-oldest', () => `over ${maxWaiting} messages or ${maxBytes} bytes wait for Redis`);
  }

  const senders = () => lanes.all().map(({ sender }) => sender);
  return {
    push: (recording) => {
      // Assigned, not spread: spreading took a tenth of the service's time in a burst.
      const item = Object.assign(sendable(recording), { heardAt: performance.now() });
      const { queue, sender } = lanes.enter(item.runId);
      queue.push(item);
      waiting++;
      waitingBytes += sizeOf(item);
      while (waiting > maxWaiting || waitingBytes > maxBytes) dropOldest();
      sender.wake();
      if (queue.size >= MAX_COUNT) sender.hurry();
    },
    hurry: () => {
      for (const sender of senders()) sender.hurry();
    },
    retryNow: () => {
      for (const sender of senders()) sender.retryNow();
    },
    blockedBy: () =>
      senders()
        .map((sender) => sender.blockedBy())
        .find((reason) => reason !== null) ?? null,
    isBehind: () => waiting > MAX_COUNT,
    size: () => senders().reduce((count, { unsettled }) => count + unsettled, waiting),
    latency: latency.totals,
    whenEmpty: async () => {
      await Promise.all(senders().map((sender) => sender.whenEmpty()));
    },
  };
}

function sizeOf({ text }: Sendable): number {
  return OVERHEAD_BYTES + 2 * text.length;
}
