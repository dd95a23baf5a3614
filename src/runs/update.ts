// An update: what a publisher says about a run. Here is what each field may hold; how the text is read is in
// message.ts.
import { isNestedWithin, type Json, type JsonObject, jsonText } from './json-text.ts';

export const MAX_STATE_LENGTH = 64;
export const MAX_LOG_LENGTH = 8192;
export const MAX_DATA_BYTES = 16 * 1024;
export const MAX_DEPTH = 32;
/** Counters, and their sums: up to here they have an exact form of 15 digits. */
export const MAX_COUNT = 999_999_999_999_999;

/** What is a little outside [0, 1] is clamped: sums of floats end at 1.0000000000000002, and ffmpeg's time at 1.02. */
const LEAST_PROGRESS = -1e-6;
const MOST_PROGRESS = 1.05;
const LEAST_COUNT = 1e-6;
const CONTROL = /\p{Cc}/u;
/** Not beside `progress`, which says the same. */
const COUNTERS = ['current', 'total', 'advance'] as const;

/** A valid update of one run. A field that is left out leaves the run's value as it is. */
export interface Update {
  /** 1 to 64 characters, no control characters. */
  state?: string;
  /** In [0, 1]. Not beside counters. */
  progress?: number;
  /** A line for people, up to 8,192 characters. */
  log?: string;
  /** Up to 16 KiB as JSON: whatever the application wants at the browser. */
  data?: JsonObject;
  /** Counters: the run's progress becomes current ÷ total. From 0, and from 0.000001, to 999,999,999,999,999. */
  current?: number;
  total?: number;
  /** Adds to the run's `current`. As `total`. */
  advance?: number;
  /** A whole number from 0. The run takes nothing from lower ones than the highest it was given. */
  attempt?: number;
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
  const take = <F extends Field>(field: F, parse: (value: unknown) => NonNullable<Update[F]> | Problem) => {
    const value = message[field];
    if (value === undefined || value === null) return;
    const parsed = parse(value);
    if (parsed instanceof Problem) bad.push({ field, problem: parsed.message });
    else update[field] = parsed;
  };
  take('state', parseState);
  take('progress', parseProgress);
  take('log', parseLog);
  take('data', parseData);
  take('current', (value) => parseCount(value, 0));
  take('total', (value) => parseCount(value, LEAST_COUNT));
  take('advance', (value) => parseCount(value, LEAST_COUNT));
  take('attempt', parseAttempt);
  for (const field of COUNTERS) {
    if (update.progress === undefined || update[field] === undefined) continue;
    delete update[field];
    bad.push({ field, problem: 'must not be given beside progress' });
  }
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
  if (value < LEAST_PROGRESS || value > MOST_PROGRESS) return new Problem('must be from 0 to 1');
  return value <= 0 ? 0 : Math.min(value, 1);
}

function parseCount(value: unknown, least: number): number | Problem {
  if (typeof value !== 'number') return new Problem('must be a number');
  // -0 is 0.
  if (value >= least && value <= MAX_COUNT) return value + 0;
  return new Problem(`must be from ${least === 0 ? '0' : '0.000001'} to ${MAX_COUNT}`);
}

function parseAttempt(value: unknown): number | Problem {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value) + 0;
  return new Problem(`must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
}

function parseLog(value: unknown): string | Problem {
  if (typeof value !== 'string') return new Problem('must be a string');
  return cutLog(value.toWellFormed());
}

/** At most MAX_LOG_LENGTH characters: a longer line ends in "…". */
export function cutLog(log: string): string {
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
