// One open run: its history here, and its subscribers. A subscriber is a cursor, not a queue: replay, live and slow
// readers are the same loop, `advance`. No I/O: the hub feeds it.
import type { Cursor } from './cursor.ts';
import type { RunEvent } from './event.ts';
import { createHistory, type History } from './history.ts';
import { createReplay } from './replay.ts';
import type { Snapshot } from './snapshot.ts';

/** The delivery side of a subscriber. Its functions are called synchronously and must not throw. */
export interface Reader {
  /** False while its socket is full. When the socket drains, the reader calls `Subscription.advance`. */
  isWritable(): boolean;
  snapshot(snapshot: Snapshot): void;
  /** One or more, in order. Readers at the same cursor get the same array. */
  events(events: readonly RunEvent[]): void;
  /** The run is done, and the reader has all of it. May be called again, if the run goes on after all. */
  finished?(): void;
}

export interface Subscription {
  /** What its reader has. */
  readonly cursor: Cursor;
  /** Continues from its cursor while the reader is writable. */
  advance(): void;
  cancel(): void;
}

export interface Run {
  readonly runId: string;
  readonly history: History;
  /** The store has been read, and nothing was missed since. While this is false no gap is announced. */
  readonly isSynced: boolean;
  setSynced(synced: boolean): void;
  /** It has subscribers, or a request holds it. */
  readonly isInUse: boolean;
  subscribe(reader: Reader, cursor: Cursor): Subscription;
  /** For a request that isn't ready to subscribe yet: the run is in use until `letGo` is called for it. */
  hold(): void;
  letGo(): void;
  /** The run is done, and a reader with this cursor has all of it. */
  isFinishedFor(cursor: Cursor): boolean;
  /** The cursor names an event that this server doesn't have yet. */
  isBehind(cursor: Cursor): boolean;
  /** Adds an announced event. False if it does not follow the last one: then the store must be read. */
  apply(event: RunEvent): boolean;
  /** Takes over the events that were read from the store. */
  merge(events: readonly RunEvent[]): void;
  /** Brings every writable subscriber up to date. */
  flush(): void;
  /** Back to the beginning, when nothing was read from the store. There must be no subscriber. */
  forget(): void;
  snapshot(): Snapshot;
}

/** What the subscribers of a run share. */
interface Home {
  readonly subscribers: Set<Subscriber>;
  advance(subscriber: Subscriber): void;
}

/** A class, so that ten thousand of them share their methods. */
class Subscriber implements Subscription {
  readonly reader: Reader;
  cursor: Cursor;
  readonly #home: Home;

  constructor(reader: Reader, cursor: Cursor, home: Home) {
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

/** What was delivered to the readers of all runs of a hub, since the start. */
export interface DeliveryCounts {
  events: number;
  /** Of these, the ones that followed a reader's cursor when it came. */
  replayed: number;
  snapshots: number;
  /** Of these, the ones that announced a gap. */
  gaps: number;
}

export function createDeliveryCounts(): DeliveryCounts {
  return { events: 0, replayed: 0, snapshots: 0, gaps: 0 };
}

/** `onWritten`: these events are new, and have just been handed to every reader that had room for them. */
export function createRun(
  runId: string,
  historyLimit: number,
  onDirty: () => void,
  counts = createDeliveryCounts(),
  onWritten: (events: readonly RunEvent[]) => void = () => {},
): Run {
  const history = createHistory(historyLimit);
  const replay = createReplay(runId, history, historyLimit);
  const subscribers = new Set<Subscriber>();
  const home = { subscribers, advance };
  /** Every writable subscriber has had the events up to this one. */
  let flushedId = 0;
  let isSynced = false;
  let holds = 0;
  /** Some subscriber waits for `isSynced`. */
  let isAwaited = false;
  /** Events up to this one are no news: they were there when the store was read first, or were flushed. */
  let oldId = 0;
  let wasRead = false;

  function hasChanged() {
    replay.reset();
    onDirty();
  }

  function advance(subscriber: Subscriber) {
    const { reader } = subscriber;
    while (reader.isWritable()) {
      const step = replay.stepAfter(subscriber.cursor, isSynced);
      if (step.kind === 'caught-up') {
        if (history.last?.done) reader.finished?.();
        return;
      }
      if (step.kind === 'ask-store') {
        isAwaited = true;
        return;
      }
      subscriber.cursor = step.next;
      if (step.kind === 'nothing') return;
      if (step.kind === 'events') {
        counts.events += step.events.length;
        reader.events(step.events);
      } else {
        counts.snapshots++;
        if (step.kind === 'gap') counts.gaps++;
        reader.snapshot(step.snapshot);
      }
    }
  }

  function flush() {
    flushedId = history.lastId;
    const before = counts.events;
    for (const subscriber of subscribers) advance(subscriber);
    const news = Math.max(oldId + 1 - history.firstId, 0);
    if (counts.events > before) onWritten(history.events.slice(news));
    oldId = history.lastId;
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
      if (synced && isAwaited) {
        isAwaited = false;
        onDirty();
      }
    },
    get isInUse() {
      return subscribers.size + holds > 0;
    },
    subscribe: (reader, cursor) => {
      const subscriber = new Subscriber(reader, cursor, home);
      subscribers.add(subscriber);
      const before = counts.events;
      advance(subscriber);
      counts.replayed += counts.events - before;
      return subscriber;
    },
    hold: () => {
      holds++;
    },
    letGo: () => {
      holds--;
    },
    isFinishedFor: (cursor) =>
      cursor.at === 'event' && cursor.id === history.lastId && history.last?.done === true,
    isBehind: replay.isAhead,
    apply: (event) => {
      if (history.holds(event)) return true;
      // One turn may bring more events than the history holds. Readers with room get the oldest ones before they go.
      if (history.events.length >= historyLimit && flushedId < history.firstId) flush();
      if (!history.append(event)) return false;
      hasChanged();
      return true;
    },
    merge: (events) => {
      flush();
      const { last, lastId } = history;
      const continuity = history.merge(events);
      if (!wasRead) oldId = history.lastId;
      wasRead = true;
      if (continuity === 'lost') {
        const expired = events.length === 0 && last?.done === true ? lastId : 0;
        for (const subscriber of subscribers)
          subscriber.cursor = replay.cursorAfterLoss(subscriber.cursor, expired);
      } else if (history.lastId === lastId) return;
      hasChanged();
    },
    flush,
    forget: () => {
      history.merge([]);
      replay.reset();
      isSynced = false;
      wasRead = false;
      flushedId = 0;
      oldId = 0;
    },
    snapshot: replay.snapshot,
  };
}
