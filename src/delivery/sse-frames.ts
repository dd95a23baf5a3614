// Events and snapshots as bytes of text/event-stream (WHATWG HTML, 9.2.5), encoded once for all readers.
import { eventJson, type RunEvent } from '../runs/event.ts';
import type { SnapshotText } from '../runs/snapshot.ts';

export interface SseFrames {
  /** For a stream of one run, which ends with it. */
  readonly withIds: boolean;
  snapshot(snapshot: SnapshotText): Buffer;
  /** Joined into one buffer. Readers at the same cursor pass the same array, and get the same buffer. */
  events(events: readonly RunEvent[]): Buffer;
}

/** Frames with an `id:` each make the id the reader's cursor; a stream of several runs has no such thing. */
export function createSseFrames({ withIds }: { withIds: boolean }): SseFrames {
  const snapshots = new WeakMap<SnapshotText, Buffer>();
  const joined = new WeakMap<readonly RunEvent[], Buffer>();

  /** JSON has no line ends of its own, so one `data:` line holds it. */
  function frame(id: number, json: string): string {
    // Without an event there is no cursor: an empty id makes EventSource come back without one.
    const cursor = withIds ? `id: ${id || ''}\n` : '';
    return `${cursor}data: ${json}\n\n`;
  }

  return {
    withIds,
    snapshot: (snapshot) => memo(snapshots, snapshot, () => frame(snapshot.id, snapshot.json)),
    events: (events) =>
      memo(joined, events, () => events.map((event) => frame(event.id, eventJson(event))).join('')),
  };
}

function memo<K extends object>(known: WeakMap<K, Buffer>, key: K, make: () => string): Buffer {
  let bytes = known.get(key);
  if (!bytes) {
    bytes = Buffer.from(make());
    known.set(key, bytes);
  }
  return bytes;
}

/** When to come back after the connection broke: a random moment, so that not all readers come at once. */
export function retryFrame({ leastMs, mostMs }: { leastMs: number; mostMs: number }): string {
  return `retry: ${Math.round(leastMs + Math.random() * (mostMs - leastMs))}\n\n`;
}

/** A named event: it disturbs no `onmessage`, and page code can watch for it, which it can't for a comment. */
export function pingFrame(): string {
  return `event: ping\ndata: ${Date.now()}\n\n`;
}
