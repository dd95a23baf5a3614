// A format writes the messages of a stream as bytes. Each media type has a file of its own.
import type { RunEvent } from '../runs/event.ts';
import type { Snapshot } from '../runs/snapshot.ts';
import type { Piece } from './piece.ts';

export interface Format {
  readonly contentType: string;
  snapshot(snapshot: Snapshot): Piece;
  /** All of them in one piece. Readers with the same cursor pass the same array, and get the same piece. */
  events(events: readonly RunEvent[]): Piece;
  /** The first bytes of a stream. `nowMs` is the store's time here and below. '': none. */
  hello(nowMs: number): string;
  /** Shows that the stream is alive. */
  ping(nowMs: number): string;
  /** The last bytes before the connection closes although the run goes on. */
  goodbye(nowMs: number): string;
  /** The last bytes when the reader's token has expired, with the code that a refusal has. */
  readonly expired: string;
}

export const EXPIRED = 'expired-token';

/** At a shutdown all streams end together. Each is told a random moment to come back. */
export const SHUTDOWN_RETRY = { leastMs: 500, mostMs: 5000 };

export function randomMs({ leastMs, mostMs }: { leastMs: number; mostMs: number }): number {
  return Math.round(leastMs + Math.random() * (mostMs - leastMs));
}
