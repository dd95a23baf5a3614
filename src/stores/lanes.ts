// The lanes in which updates wait for Redis: what holds up one lane holds up no other. Which lane a run has may change, as
// its node does; it changes only while nothing of the run waits, as the updates of a run must not overtake each other.
import type { Outcome } from '../runs/store.ts';
import { createQueue, type Queue } from './queue.ts';
import type { Sendable } from './record-script.ts';
import { createSender, type Sender, type SenderOptions } from './sender.ts';

export interface Lane<T> {
  /** What its sender has not taken yet. */
  readonly queue: Queue<T>;
  readonly sender: Sender;
}

export interface Lanes<T> {
  /** How many are in the queues, and the memory that they take. */
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Puts an update into its run's lane, whose sender is woken by the caller: when it has put in all that it has. */
  push(item: T): Lane<T>;
  /** Of the longest queue: the one that is held up. */
  dropOldest(): void;
  senders(): Sender[];
}

interface Stay<T> {
  readonly lane: Lane<T>;
  /** How many of the run's updates wait, or are under way. */
  updates: number;
}

/** Lanes of nodes that have gone are forgotten beyond so many. Each takes about 4 kB. */
const MANY = 1000;
/** Memory of an update, without its text: the text takes up to two bytes per character. */
const OVERHEAD_BYTES = 300;

/** `nameOf`: the lane of a run, at the moment. */
export function createLanes<T extends Sendable>(
  nameOf: (runId: string) => string,
  options: Omit<SenderOptions<T>, 'take'>,
): Lanes<T> {
  const lanes = new Map<string, Lane<T>>();
  const stays = new Map<string, Stay<T>>();
  let waiting = 0;
  let waitingBytes = 0;

  function laneNamed(name: string): Lane<T> {
    const known = lanes.get(name);
    if (known) return known;
    if (lanes.size >= MANY) for (const [other, lane] of lanes) if (isEmpty(lane)) lanes.delete(other);
    const queue = createQueue<T>();
    const lane = { queue, sender: createSender({ ...options, take: () => takeFrom(queue), settle }) };
    lanes.set(name, lane);
    return lane;
  }

  function takeFrom(queue: Queue<T>): T | undefined {
    const item = queue.take();
    if (!item) return undefined;
    waiting--;
    waitingBytes -= sizeOf(item);
    return item;
  }

  function settle(item: T, outcome: Outcome) {
    leave(item);
    options.settle(item, outcome);
  }

  function leave({ runId }: T) {
    const stay = stays.get(runId);
    if (stay && --stay.updates === 0) stays.delete(runId);
  }

  return {
    get waiting() {
      return waiting;
    },
    get waitingBytes() {
      return waitingBytes;
    },
    push: (item) => {
      const { runId } = item;
      const stay = stays.get(runId) ?? { lane: laneNamed(nameOf(runId)), updates: 0 };
      if (++stay.updates === 1) stays.set(runId, stay);
      stay.lane.queue.push(item);
      waiting++;
      waitingBytes += sizeOf(item);
      return stay.lane;
    },
    dropOldest: () => {
      let longest: Queue<T> | undefined;
      for (const { queue } of lanes.values()) if (queue.size > (longest?.size ?? 0)) longest = queue;
      const dropped = longest && takeFrom(longest);
      if (dropped) leave(dropped);
    },
    senders: () => Array.from(lanes.values(), ({ sender }) => sender),
  };
}

function isEmpty({ queue, sender }: Lane<unknown>): boolean {
  return queue.size === 0 && sender.unsettled === 0;
}

function sizeOf({ text }: Sendable): number {
  return OVERHEAD_BYTES + 2 * text.length;
}
