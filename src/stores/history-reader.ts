// Reads a history in parts, newest first, so that no answer exceeds the limit of a small Redis plan or takes too long on a
// slow line.
import { parseEntry } from '../runs/event.ts';
import { MAX_BYTES } from './batches.ts';

/** Nothing is known of the entries' size then. Short histories come in one part. */
const FIRST_PART = 16;
const GROWTH_BYTES = 4 * 1024;
/** Failures of the connection must not make the parts so small that a busy run outruns them. */
const LEAST_BYTES = 16 * 1024;

/** Entries from place `start` to `stop`, as LRANGE counts them: -1 is the newest. */
type ReadRange = (runId: string, start: number, stop: number) => Promise<string[]>;

/**
 * A history's entries, oldest first. Rejects when a part can't be read; the parts of the next try are smaller then, as
 * the answer may have been too large.
 */
export function createHistoryReader(readRange: ReadRange): (runId: string) => Promise<string[]> {
  let mostBytes = MAX_BYTES;

  async function readPart(runId: string, count: number, places: number): Promise<string[]> {
    try {
      return await readRange(runId, -places - count, -places - 1);
    } catch (error) {
      mostBytes = Math.max(mostBytes / 2, LEAST_BYTES);
      throw error;
    }
  }

  return async (runId) => {
    let entries: string[] = [];
    let places = 0;
    let bytes = 0;
    for (;;) {
      const entryBytes = places === 0 ? MAX_BYTES / FIRST_PART : bytes / places;
      const count = Math.max(1, Math.floor(mostBytes / entryBytes));
      const part = await readPart(runId, count, places);
      entries = [...withoutKnown(part, entries), ...entries];
      places += part.length;
      for (const entry of part) bytes += Buffer.byteLength(entry);
      if (part.length < count) break;
    }
    // Not after each part: a long history would then always fail near its end.
    mostBytes = Math.min(mostBytes + GROWTH_BYTES, MAX_BYTES);
    return entries;
  };
}

/**
 * The entries of a part that the newer ones don't hold. Entries recorded since then have moved the places, so the parts
 * overlap; if there were more of them than a part holds, all of it is known.
 */
function withoutKnown(part: readonly string[], newer: readonly string[]): readonly string[] {
  // By its id: an entry that is no longer the last is rewritten without the run's names.
  const first = parseEntry(newer[0] ?? '')?.id;
  if (first === undefined) return part;
  const known = part.findIndex((entry) => (parseEntry(entry)?.id ?? 0) >= first);
  return known === -1 ? part : part.slice(0, known);
}
