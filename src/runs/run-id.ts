// The name of a run: what is accepted as one, and its one spelling.

const MAX_BYTES = 256;
const CONTROL = /\p{Cc}/u;

/**
 * The canonical form of a run id, or what is wrong with it.
 *
 * 1 to 256 bytes of UTF-8 without control characters, NFC-normalised first: Korean typed on macOS arrives decomposed,
 * and both spellings are the same run. Lone surrogates become U+FFFD.
 */
export function parseRunId(value: unknown): { runId: string } | { problem: string } {
  if (typeof value !== 'string') return { problem: 'must be a string' };
  const runId = value.toWellFormed().normalize('NFC');
  if (runId === '') return { problem: 'must not be empty' };
  if (CONTROL.test(runId)) return { problem: 'must not contain control characters' };
  if (Buffer.byteLength(runId) > MAX_BYTES) return { problem: `must be at most ${MAX_BYTES} bytes of UTF-8` };
  return { runId };
}
