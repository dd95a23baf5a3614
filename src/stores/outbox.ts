// The outbox of raw messages: they wait here to be recorded, in order and under their names, while Redis is away, full or
// slow.
import { createLatency, type LatencyTotals } from '../runs/latency.ts';
import type { Recording } from '../runs/record.ts';
import { MAX_COUNT } from './batches.ts';
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
  /** How many wait. */
  size(): number;
  /** From `push` until Redis has it: of what it was given to record, not of repeats. */
  latency(): LatencyTotals;
  /** Fulfilled when nothing waits any more. */
  whenEmpty(): Promise<void>;
}

export interface OutboxOptions {
  call: RecordCall;
  isAnswering(): Promise<boolean>;
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
  const { call, isAnswering, tally, maxWaiting = 50_000, maxBytes = 64 * 1024 * 1024 } = options;
  // The first `taken` places are empty, so that taking the oldest does not move all the others.
  let waiting: (Waiting | undefined)[] = [];
  let waitingBytes = 0;
  let taken = 0;

  const latency = createLatency();

  const sender = createSender<Waiting>({
    call,
    take,
    settle: ({ runId, heardAt }, outcome) => {
      if (outcome.status === 'recorded') latency.observe(performance.now() - heardAt);
      tally.count(outcome.status, () => ('reason' in outcome ? `${runId}: ${outcome.reason}` : runId));
    },
    onFailure: 'repeat',
    onRepeat: (reason, count) => tally.count('repeated-later', () => reason, count),
    isAnswering,
    gatherMs: GATHER_MS,
  });

  function take(): Waiting | undefined {
    const item = waiting[taken];
    if (!item) return undefined;
    waiting[taken++] = undefined;
    waitingBytes -= sizeOf(item);
    if (taken > maxWaiting || taken === waiting.length) {
      waiting = waiting.slice(taken);
      taken = 0;
    }
    return item;
  }

  return {
    push: (recording) => {
      const item = { ...sendable(recording), heardAt: performance.now() };
      waiting.push(item);
      waitingBytes += sizeOf(item);
      while (waiting.length - taken > maxWaiting || waitingBytes > maxBytes) {
        take();
        tally.count(
          'dropped-oldest',
          () => `over ${maxWaiting} messages or ${maxBytes} bytes wait for Redis`,
        );
      }
      sender.wake();
      if (waiting.length - taken >= MAX_COUNT) sender.hurry();
    },
    hurry: sender.hurry,
    retryNow: sender.retryNow,
    blockedBy: sender.blockedBy,
    isBehind: () => waiting.length - taken > MAX_COUNT,
    size: () => waiting.length - taken,
    latency: latency.totals,
    whenEmpty: sender.whenEmpty,
  };
}

function sizeOf({ text }: Sendable): number {
  return OVERHEAD_BYTES + 2 * text.length;
}
