// A cursor: the id of the last event that a reader has, as it comes over the wire.

const INTEGER = /^(?:0|[1-9]\d{0,15})$/;

/** A cursor that no history can follow: a reader that gives it gets a snapshot that announces a gap. */
export const LOST = -1;

/** Of a reader that waits for a run to start: it has nothing, and misses nothing. */
export const WAITING = -2;

/**
 * The cursor in a header or parameter: `null` when there is none (absent or empty), `LOST` when it is malformed
 * (`1, 2`, say: two `Last-Event-ID` headers arrive joined), else the id. 0 asks for all that is retained.
 */
export function parseCursor(text: string | null | undefined): number | null {
  if (text === undefined || text === null || text === '') return null;
  if (!INTEGER.test(text)) return LOST;
  const id = Number(text);
  return Number.isSafeInteger(id) ? id : LOST;
}
