// text/event-stream (WHATWG HTML, 9.2.5).
import type { RunEvent } from '../runs/event.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import { EXPIRED, type Format, randomMs, SHUTDOWN_RETRY } from './format.ts';
import { onceForAll } from './once-for-all.ts';
import { createLargePiece, createPiece, type Piece } from './piece.ts';

const RETRY = { leastMs: 1000, mostMs: 3000 };

/**
 * Readers limit the length of a line, some to 64 KB. They join the lines of a message by line feeds, which JSON allows
 * between its parts.
 */
const NEXT_LINE = Buffer.from('\ndata: ');
const BLOCK_END = Buffer.from('\n\n');

/** `withIds`: each message has an `id:`, which becomes the reader's cursor. A stream of several runs has none. */
export function createSse({ withIds }: { withIds: boolean }): Format {
  /** Without an event there is no cursor. An empty id makes EventSource come back without one. */
  const idLine = (id: number) => (withIds ? `id: ${id || ''}\n` : '');
  const block = (event: RunEvent) => `${idLine(event.id)}data: ${event.json}\n\n`;

  function snapshotPiece({ id, parts }: Snapshot): Piece {
    const begin = `${idLine(id)}data: `;
    if (parts.length === 1) return createPiece(`${begin}${parts[0]}\n\n`);
    const lines = parts.flatMap((part, i) => (i === 0 ? [part] : [NEXT_LINE, part]));
    return createLargePiece([Buffer.from(begin), ...lines, BLOCK_END]);
  }

  return {
    contentType: 'text/event-stream; charset=utf-8',
    snapshot: onceForAll(snapshotPiece),
    events: onceForAll((events) => createPiece(events.map(block).join(''))),
    hello: (nowMs) => retry(RETRY) + ping(nowMs),
    ping,
    goodbye: (nowMs) => retry(SHUTDOWN_RETRY) + ping(nowMs),
    expired: `event: unauthorized\ndata: {"code":"${EXPIRED}"}\n\n`,
  };
}

/**
 * When to come back after the connection broke: a random moment, so that not all readers come at once. It must stand in
 * the block of an event, as some parsers make an empty event of a block without one.
 */
function retry(limits: { leastMs: number; mostMs: number }): string {
  return `retry: ${randomMs(limits)}\n`;
}

/** A named event: page code can listen for it, unlike for a comment, and it does not reach `onmessage`. */
function ping(nowMs: number): string {
  return `event: ping\ndata: ${nowMs}\n\n`;
}
