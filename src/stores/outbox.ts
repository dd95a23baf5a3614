// Raw messages that wait to be recorded: in order, under their names, while Redis is away, full or slow.
import { createLatency, type LatencyTotals } from '../runs/latency.ts';
import type { Recording } from '../runs/record.ts';
import { MAX_COUNT } from './batches.ts';
import { type RecordCall, type Sendable, sendable } from './record-call.ts';
import { createSender } from './sender.ts';
import type { Tally } from './tally.ts';

export interface Outbox {
  push(recording: Recording): void;
  /** What waits goes at once. */
  hurry(): void;
  /** The store may take updates again: do not wait for the next try. */
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

/** Two thousand messages a second are a hundred calls and not two thousand, and as many turns of readers. */
const GATHER_MS = 10;
/** What an update takes in memory beside its text, which takes up to two bytes per character. */
const OVERHEAD_BYTES = 300;

/**
 * The store takes a name below one that it has for a repeat, so of a run one that failed is repeated before the next is
 * recorded. Nothing is folded, as a folded name would blur what is a repeat.
 */
export function createOutbox(options: OutboxOptions): Outbox {
  const { call, isAnswering, tally, maxWaiting = 50_000, maxBytes = 64 * 1024 * 1024 } = options;
  // The first `taken` places are empty: taking from the front must not move all that waits.
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
