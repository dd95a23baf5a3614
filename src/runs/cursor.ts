// A cursor: what a reader has of a run. What follows it is decided in replay.ts.

export type Cursor =
  /** It has nothing, and begins with a snapshot. */
  | { readonly at: 'snapshot' }
  /** It has nothing, and wants every event that is retained, from the oldest. */
  | { readonly at: 'start' }
  /** It has everything up to this event. */
  | { readonly at: 'event'; readonly id: number }
  /** It has something that no history can follow. */
  | { readonly at: 'lost' }
  /** It knows that the run has no events yet, and wants all of them. */
  | { readonly at: 'waiting' };

export const SNAPSHOT: Cursor = { at: 'snapshot' };
export const START: Cursor = { at: 'start' };
export const LOST: Cursor = { at: 'lost' };
export const WAITING: Cursor = { at: 'waiting' };

const INTEGER = /^(?:0|[1-9]\d{0,15})$/;
/** What pages send before they have a cursor: String(undefined), String(null). */
const NONE = new Set(['', 'undefined', 'null']);

/**
 * The cursor in a header or parameter: 'snapshot' where there is none, 'start' for 0, and 'lost' where it is malformed
 * (two `Last-Event-ID` headers arrive joined as `1, 2`).
 */
export function parseCursor(text: string | null | undefined): Cursor {
  if (text === undefined || text === null || NONE.has(text)) return SNAPSHOT;
  if (!INTEGER.test(text)) return LOST;
  const id = Number(text);
  return Number.isSafeInteger(id) ? cursorAfter(id) : LOST;
}

/** A cursor as the log shows it: the event's id, or the name of the kind. */
export function cursorName(cursor: Cursor): number | string {
  return cursor.at === 'event' ? cursor.id : cursor.at;
}

/** The cursor of a reader that has everything up to this event. 0 is before every event. */
export function cursorAfter(id: number): Cursor {
  return id === 0 ? START : { at: 'event', id };
}
