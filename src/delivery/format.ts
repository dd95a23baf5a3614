// A format: how the messages of a stream are written. One for each media type, in files of their own.
import type { RunEvent } from '../runs/event.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import type { Piece } from './piece.ts';

export interface Format {
  readonly contentType: string;
  snapshot(snapshot: Snapshot): Piece;
  /** All of them in one piece. Readers at the same cursor pass the same array, and get the same piece. */
  events(events: readonly RunEvent[]): Piece;
  /** The first bytes of a stream. `nowMs` is the store's time here and below. '': none. */
  hello(nowMs: number): string;
  /** Shows that the stream lives. */
  ping(nowMs: number): string;
  /** Before the connection of a stream that has not ended closes. */
  goodbye(nowMs: number): string;
  /** The same, where the reader's token has expired: with the code, as a refusal would bear it. */
  readonly expired: string;
}

export const EXPIRED = 'expired-token';

/** At a shutdown all streams end together: each is told its own moment to come back. */
export const SHUTDOWN_RETRY = { leastMs: 500, mostMs: 5000 };

export function randomMs({ leastMs, mostMs }: { leastMs: number; mostMs: number }): number {
  return Math.round(leastMs + Math.random() * (mostMs - leastMs));
}
