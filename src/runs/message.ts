// The JSON text of a message as a publisher wrote it: its size, its syntax, and what to make of Python's NaN.
import { parseRunId } from './run-id.ts';
import { type BadField, parseUpdate, type Update } from './update.ts';

export const MAX_MESSAGE_BYTES = 64 * 1024;
/** With a long log. Reading one takes some 20 ms, in which the service does nothing else. */
export const MAX_RAW_BYTES = 4 * 1024 * 1024;

// A string that does not end matches to the end of the text: tried again from each of its quotes, a hostile message of
// 64 KiB would take seconds.
const BARE_NON_FINITE = /"(?:[^"\\]|\\.)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/gs;

const NOT_ASCII = /[\u0080-\uffff]/g;

/** Why a whole message can't be used. Stable codes: they are counted and logged. */
export type MessageFault = 'too-large' | 'not-json' | 'not-an-object' | 'bad-run-id';

export type ParsedMessage =
  | { ok: true; runId: string; update: Update; bad: BadField[] }
  | { ok: false; fault: MessageFault };

/**
 * A message from the raw channel: bad fields are left out and named, the rest is kept; without an object, or a valid
 * `run_id`, there is nothing to keep. One that is too large only because of its log has the log cut. Never throws.
 */
export function parseMessage(text: string): ParsedMessage {
  if (text.length > MAX_RAW_BYTES) return { ok: false, fault: 'too-large' };
  const value = parseTolerantJson(text);
  if (isTooLarge(text, isObject(value) ? value.log : undefined)) return { ok: false, fault: 'too-large' };
  if (value === undefined) return { ok: false, fault: 'not-json' };
  if (!isObject(value)) return { ok: false, fault: 'not-an-object' };
  const id = parseRunId(value.run_id);
  if ('problem' in id) return { ok: false, fault: 'bad-run-id' };
  return { ok: true, runId: id.runId, ...parseUpdate(value) };
}

/**
 * JSON, and the bare `NaN`, `Infinity` and `-Infinity` that Python's `json.dumps` writes: they are read as Infinity,
 * which no field accepts, so that the field is bad and the message isn't. `undefined` for anything else.
 */
export function parseTolerantJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A SyntaxError: perhaps for a NaN only.
  }
  const finite = text.replace(BARE_NON_FINITE, (token) => (token.startsWith('"') ? token : '1e999'));
  if (finite === text) return undefined;
  try {
    return JSON.parse(finite);
  } catch {
    // A SyntaxError for something else: not JSON.
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** But for its log. */
function isTooLarge(text: string, log: unknown): boolean {
  if (text.length * 3 <= MAX_MESSAGE_BYTES) return false;
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_MESSAGE_BYTES || typeof log !== 'string') return bytes > MAX_MESSAGE_BYTES;
  const logText = JSON.stringify(log);
  // A text of ASCII only spells other characters as \uXXXX: Python's json.dumps does.
  const isAscii = bytes === text.length;
  const logBytes = isAscii ? logText.replace(NOT_ASCII, '\\uXXXX').length : Buffer.byteLength(logText);
  return bytes - logBytes > MAX_MESSAGE_BYTES;
}
