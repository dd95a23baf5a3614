// One open run: its history here, and its subscribers. A subscriber is a cursor, not a queue: replay, live and slow
// readers are the same loop, `advance`. No I/O: the hub feeds it.
import { LOST } from './cursor.ts';
import type { RunEvent } from './event.ts';
import { createHistory, type History } from './history.ts';
import { type SnapshotText, snapshotOf, snapshotText } from './snapshot.ts';

/** What a way of delivery brings along to be a subscriber. Called synchronously; must not throw. */
export interface Reader {
  /** False while its socket is full. It calls `Subscription.advance` when that is over. */
  isWritable(): boolean;
  snapshot(snapshot: SnapshotText): void;
  /** One or more, in order. Readers at the same cursor get the same array. */
  events(events: readonly RunEvent[]): void;
  /** It has everything, and the run is done. May come again, if more follows. */
  finished?(): void;
}

export interface Subscription {
  /** Goes on from its cursor, as far as the reader is writable. */
  advance(): void;
  cancel(): void;
}

export interface Run {
  readonly runId: string;
  readonly history: History;
  /** The store has been read, and nothing was missed since. Without it, nothing is called a gap. */
  readonly isSynced: boolean;
  setSynced(synced: boolean): void;
  readonly subscriberCount: number;
  /** `cursor` null: a snapshot first, or nothing if the run is unknown. */
  subscribe(reader: Reader, cursor: number | null): Subscription;
  /** Puts an announced event on. False if it does not follow the last: the store must be read. */
  apply(event: RunEvent): boolean;
  /** Takes over what was read from the store. */
  merge(events: readonly RunEvent[]): void;
  /** Brings every writable subscriber up to date. */
  flush(): void;
  snapshot(gap: boolean): SnapshotText;
}

interface Subscriber {
  reader: Reader;
  cursor: number | null;
}

/** How much one event at a time may hold up the others: a reader far behind gets its history in parts. */
const MAX_EVENTS_AT_ONCE = 100;

export function createRun(runId: string, historyLimit: number, onDirty: () => void): Run {
  const history = createHistory(historyLimit);
  const subscribers = new Set<Subscriber>();
  let snapshots: { plain?: SnapshotText; gap?: SnapshotText } = {};
  /** Every writable subscriber has had the events up to this one. */
  let flushedId = 0;
  let isSynced = false;

  function snapshot(gap: boolean): SnapshotText {
    const kind = gap ? 'gap' : 'plain';
    snapshots[kind] ??= snapshotText(snapshotOf(runId, history, gap));
    return snapshots[kind];
  }

  function advance(subscriber: Subscriber) {
    const { reader } = subscriber;
    while (reader.isWritable()) {
      if (subscriber.cursor === null) {
        if (!isSynced && history.lastId === 0) return;
        if (history.lastId !== 0) reader.snapshot(snapshot(false));
        subscriber.cursor = history.lastId;
        continue;
      }
      // Another server may be ahead of this one: only the store can say that the cursor is nobody's.
      if (!isSynced && (subscriber.cursor > history.lastId || subscriber.cursor === LOST)) return;
      const events = history.after(subscriber.cursor);
      if (events === null) {
        reader.snapshot(snapshot(true));
        subscriber.cursor = history.lastId;
        continue;
      }
      if (events.length === 0) {
        if (history.last?.done) reader.finished?.();
        return;
      }
      const part = events.length > MAX_EVENTS_AT_ONCE ? events.slice(0, MAX_EVENTS_AT_ONCE) : events;
      subscriber.cursor = part.at(-1)?.id ?? subscriber.cursor;
      reader.events(part);
    }
  }

  function flush() {
    flushedId = history.lastId;
    for (const subscriber of subscribers) advance(subscriber);
  }

  return {
    runId,
    history,
    get isSynced() {
      return isSynced;
    },
    setSynced: (synced) => {
      if (isSynced === synced) return;
      isSynced = synced;
      if (synced) onDirty();
    },
    get subscriberCount() {
      return subscribers.size;
    },
    subscribe: (reader, cursor) => {
      const subscriber: Subscriber = { reader, cursor };
      subscribers.add(subscriber);
      advance(subscriber);
      return {
        advance: () => {
          if (subscribers.has(subscriber)) advance(subscriber);
        },
        cancel: () => {
          subscribers.delete(subscriber);
        },
      };
    },
    apply: (event) => {
      if (history.holds(event)) return true;
      // One turn may bring more events than the history holds: whoever can take them gets them before they go.
      const isFull = history.events.length >= historyLimit;
      if (isFull && flushedId < history.firstId && event.id === history.lastId + 1) flush();
      if (!history.append(event)) return false;
      snapshots = {};
      onDirty();
      return true;
    },
    merge: (events) => {
      flush();
      const before = history.lastId;
      if (history.merge(events) === 'lost') for (const subscriber of subscribers) subscriber.cursor = LOST;
      else if (history.lastId === before) return;
      snapshots = {};
      onDirty();
    },
    flush,
    snapshot,
  };
}
