// One open run: its history here, and its subscribers. A subscriber is a cursor, not a queue: replay, live and slow
// readers are the same loop, `advance`. No I/O: the hub feeds it.
import { LOST, WAITING } from './cursor.ts';
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

/** What the subscribers of a run share. */
interface Home {
  readonly subscribers: Set<Subscriber>;
  advance(subscriber: Subscriber): void;
}

/** A class, as there are ten thousand of them: their methods are shared. */
class Subscriber implements Subscription {
  readonly reader: Reader;
  cursor: number | null;
  readonly #home: Home;

  constructor(reader: Reader, cursor: number | null, home: Home) {
    this.reader = reader;
    this.cursor = cursor;
    this.#home = home;
  }

  advance() {
    if (this.#home.subscribers.has(this)) this.#home.advance(this);
  }

  cancel() {
    this.#home.subscribers.delete(this);
  }
}

export function createRun(runId: string, historyLimit: number, onDirty: () => void): Run {
  const history = createHistory(historyLimit);
  const subscribers = new Set<Subscriber>();
  const home = { subscribers, advance };
  let snapshots: { plain?: SnapshotText; gap?: SnapshotText } = {};
  /** Every writable subscriber has had the events up to this one. */
  let flushedId = 0;
  let isSynced = false;
  /** Some subscriber waits for `isSynced`. */
  let isHolding = false;

  function snapshot(gap: boolean): SnapshotText {
    const kind = gap ? 'gap' : 'plain';
    snapshots[kind] ??= snapshotText(snapshotOf(runId, history, gap));
    return snapshots[kind];
  }

  function advance(subscriber: Subscriber) {
    const { reader } = subscriber;
    while (reader.isWritable()) {
      const { cursor } = subscriber;
      const { lastId } = history;
      if (cursor === lastId && cursor !== 0) {
        if (history.last?.done) reader.finished?.();
        return;
      }
      // Another server may be ahead of this one: only the store can say what is nobody's cursor, or unknown.
      if (!isSynced && (cursor === null ? lastId === 0 : cursor === LOST || cursor > lastId)) {
        isHolding = true;
        return;
      }
      if (cursor === WAITING && lastId === 0) return;
      const events = cursor === null ? null : history.after(cursor === WAITING ? startOfRun() : cursor);
      if (events?.length === 0) return;
      subscriber.cursor = events?.at(-1)?.id ?? (lastId || WAITING);
      if (events) reader.events(events);
      else if (cursor !== null || lastId !== 0)
        reader.snapshot(snapshot(cursor !== null && cursor !== WAITING));
    }
  }

  /** The cursor from which all of the run can be read; LOST if its first events may have gone already. */
  function startOfRun(): number {
    return history.events.length < historyLimit ? 0 : LOST;
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
      if (synced && isHolding) {
        isHolding = false;
        onDirty();
      }
    },
    get subscriberCount() {
      return subscribers.size;
    },
    subscribe: (reader, cursor) => {
      const subscriber = new Subscriber(reader, cursor, home);
      subscribers.add(subscriber);
      advance(subscriber);
      return subscriber;
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
      const { last, lastId } = history;
      if (history.merge(events) === 'lost') {
        // A finished run expires: whoever has all of it misses nothing.
        const hasExpired = events.length === 0 && last?.done === true;
        for (const subscriber of subscribers)
          subscriber.cursor = hasExpired && subscriber.cursor === lastId ? WAITING : LOST;
      } else if (history.lastId === lastId) return;
      snapshots = {};
      onDirty();
    },
    flush,
    snapshot,
  };
}
