// text/event-stream (WHATWG HTML, 9.2.5).
import { eventJson, type RunEvent } from '../runs/event.ts';
import type { SnapshotText } from '../runs/snapshot.ts';
import type { Format } from './format.ts';
import { memoPiece, type Piece } from './piece.ts';

const RETRY = { leastMs: 1000, mostMs: 3000 };
/** At a shutdown all streams end together. */
const SHUTDOWN_RETRY = { leastMs: 500, mostMs: 5000 };

/** An `id:` with each message makes it the reader's cursor; a stream of several runs has no such thing. */
export function createSse({ withIds }: { withIds: boolean }): Format {
  const snapshots = new WeakMap<SnapshotText, Piece>();
  const joined = new WeakMap<readonly RunEvent[], Piece>();

  function block(id: number, data: string): string {
    // Without an event there is no cursor: an empty id makes EventSource come back without one.
    const cursor = withIds ? `id: ${id || ''}\n` : '';
    return `${cursor}data: ${data}\n\n`;
  }

  return {
    contentType: 'text/event-stream; charset=utf-8',
    // Readers limit the length of a line, some to 64 KB, and join the lines of a message by line feeds, which JSON allows
    // between its parts.
    snapshot: (snapshot) =>
      memoPiece(snapshots, snapshot, () => block(snapshot.id, snapshot.parts.join('\ndata: '))),
    events: (events) =>
      memoPiece(joined, events, () => events.map((event) => block(event.id, eventJson(event))).join('')),
    hello: (nowMs) => retry(RETRY) + ping(nowMs),
    ping,
    goodbye: (nowMs) => retry(SHUTDOWN_RETRY) + ping(nowMs),
  };
}

/**
 * When to come back after the connection broke: a random moment, so that not all readers come at once. It belongs into
 * the block of an event, as some parsers make an event of a block without one.
 */
function retry({ leastMs, mostMs }: { leastMs: number; mostMs: number }): string {
  return `retry: ${Math.round(leastMs + Math.random() * (mostMs - leastMs))}\n`;
}

/** A named event: it disturbs no `onmessage`, and page code can watch for it, which it can't for a comment. */
function ping(nowMs: number): string {
  return `event: ping\ndata: ${nowMs}\n\n`;
}
