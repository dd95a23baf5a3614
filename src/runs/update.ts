// An update: what a publisher says about a run. Here is what each field may hold; how the text is read is in
// message.ts.
import { isNestedWithin, type Json, type JsonObject, jsonText } from './json-text.ts';

export const MAX_STATE_LENGTH = 64;
export const MAX_LOG_LENGTH = 8192;
export const MAX_DATA_BYTES = 16 * 1024;
export const MAX_DEPTH = 32;

/** A float that should be 0 may be this far below it. ffmpeg's last frame is at 1.02. Both are roundings, no mistakes. */
const MIN_PROGRESS = -1e-6;
const MAX_PROGRESS = 1.05;
const CONTROL = /\p{Cc}/u;

/** A valid update of one run. A field that is left out leaves the run's value as it is. */
export interface Update {
  /** 1 to 64 characters, no control characters. */
  state?: string;
  /** In [0, 1]. */
  progress?: number;
  /** A line for people, up to 8,192 characters. */
  log?: string;
  /** Up to 16 KiB as JSON: whatever the application wants at the browser. */
  data?: JsonObject;
}

export type Field = keyof Update;

/** A field that was left out of an update, and why. */
export interface BadField {
  field: Field | 'run_id';
  problem: string;
}

/** The valid fields of a message, and the bad ones. `null` means absent; unknown fields are ignored. */
export function parseUpdate(message: Readonly<Record<string, unknown>>): { update: Update; bad: BadField[] } {
  const update: Update = {};
  const bad: BadField[] = [];
  const take = <T>(field: Field, parse: (value: unknown) => T | Problem, assign: (value: T) => void) => {
    const value = message[field];
    if (value === undefined || value === null) return;
    const parsed = parse(value);
    if (parsed instanceof Problem) bad.push({ field, problem: parsed.message });
    else assign(parsed);
  };
  take('state', parseState, (state) => {
    update.state = state;
  });
  take('progress', parseProgress, (progress) => {
    update.progress = progress;
  });
  take('log', parseLog, (log) => {
    update.log = log;
  });
  take('data', parseData, (data) => {
    update.data = data;
  });
  return { update, bad };
}

/** Internal: a value's problem, told apart from every value by its class. */
class Problem {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

function parseState(value: unknown): string | Problem {
  if (typeof value !== 'string') return new Problem('must be a string');
  const state = value.toWellFormed();
  if (state === '') return new Problem('must not be empty');
  if (isLongerThan(state, MAX_STATE_LENGTH))
    return new Problem(`must be at most ${MAX_STATE_LENGTH} characters`);
  if (CONTROL.test(state)) return new Problem('must not contain control characters');
  return state;
}

function parseProgress(value: unknown): number | Problem {
  if (typeof value !== 'number') return new Problem('must be a number');
  if (!Number.isFinite(value)) return new Problem('must be a finite number');
  if (value < MIN_PROGRESS || value > MAX_PROGRESS) return new Problem('must be from 0 to 1');
  return value <= 0 ? 0 : Math.min(value, 1);
}

function parseLog(value: unknown): string | Problem {
  if (typeof value !== 'string') return new Problem('must be a string');
  const log = value.toWellFormed();
  if (!isLongerThan(log, MAX_LOG_LENGTH)) return log;
  let cut = '';
  let length = 0;
  for (const character of log) {
    if (++length === MAX_LOG_LENGTH) break;
    cut += character;
  }
  return `${cut}…`;
}

function parseData(value: unknown): JsonObject | Problem {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Problem('must be a JSON object');
  const data = value as JsonObject;
  // The message itself is the first level.
  if (!isNestedWithin(MAX_DEPTH - 1, data))
    return new Problem(`must nest at most ${MAX_DEPTH} deep with its message`);
  if (!hasFiniteNumbers(data)) return new Problem('must hold finite numbers only');
  if (Buffer.byteLength(jsonText(value)) > MAX_DATA_BYTES)
    return new Problem(`must be at most ${MAX_DATA_BYTES} bytes of JSON`);
  return data;
}

/** `1e999` reads as Infinity, and would be written as null. */
function hasFiniteNumbers(value: Json): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  return (Array.isArray(value) ? value : Object.values(value)).every(hasFiniteNumbers);
}

/** Counts characters (code points), so that Python's `len` and this agree; looks at long strings only. */
function isLongerThan(text: string, max: number): boolean {
  if (text.length <= max) return false;
  if (text.length > 2 * max) return true;
  let length = 0;
  for (const _ of text) length++;
  return length > max;
}
