// An event, read from an entry of a history. Most events are only passed on, so the few fields that every event needs are
// found in its text. The rest is parsed on request.
import { isNestedWithin, type JsonObject, jsonText } from './json-text.ts';
import type { RunValues } from './recording.ts';
import { MAX_DEPTH, type Update } from './update.ts';

export interface RunEvent {
  /** The event as readers get it. Two events are the same event if these are the same. */
  readonly json: string;
  readonly id: number;
  /** The run is in a terminal state. */
  readonly done: boolean;
  /** The id of the run's first event: when it began, in microseconds. */
  readonly started: number;
}

/** What an event says. The values are the run's after this event. */
export interface EventFields extends RunValues {
  /** When it was recorded: ms since 1970, by the store's clock. */
  ts: number;
  /** The log line, '' without one. */
  message: string;
  data?: JsonObject;
  /** When the run's first event was recorded: ms since 1970. */
  started: number;
}

// A quote inside a JSON string is escaped, so these can only be members. `id` and `ts` are the first ones of their names, the
// bookkeeping of the record script is the last member of all, and `done` stands right before it.
const HEAD = '{"type":"progress","run_id":';
const ID = ',"id":';
const TS = ',"ts":';
const DONE = ',"done":true';
const RECORD = ',"record":{"started":';
const RECORD_END = /(\d{1,16})(?:}}$|,)/y;

/** The event in an entry, or null when it isn't one (foreign or torn). */
export function parseEntry(entry: string): RunEvent | null {
  const at = entry.indexOf(ID);
  const end = entry.lastIndexOf(RECORD);
  if (!entry.startsWith(HEAD) || at === -1 || end < at || !entry.endsWith('}}')) return null;
  const id = Number.parseInt(entry.slice(at + ID.length, at + ID.length + 16), 10);
  RECORD_END.lastIndex = end + RECORD.length;
  const started = RECORD_END.exec(entry)?.[1];
  if (!Number.isSafeInteger(id) || started === undefined) return null;
  return {
    json: `${entry.slice(0, end)}}`,
    id,
    done: entry.endsWith(DONE, end),
    started: Number(started),
  };
}

/** When the event was recorded: ms since 1970, by the store's clock. NaN for one that only looks like an event. */
export function recordedAt({ json }: RunEvent): number {
  const at = json.indexOf(TS);
  return at === -1 ? Number.NaN : Number.parseInt(json.slice(at + TS.length, at + TS.length + 16), 10);
}

export interface EventParts {
  runId: string;
  id: number;
  ts: number;
  values: RunValues;
  update: Update;
  done: boolean;
}

/** The JSON of an event, as record.lua writes it. */
export function eventText({ runId, id, ts, values, update, done }: EventParts): string {
  const { state, progress, current, total, attempt } = values;
  return jsonText({
    type: 'progress',
    run_id: runId,
    id,
    ts,
    state,
    progress,
    current,
    total,
    attempt,
    message: update.log ?? '',
    data: update.data,
    done: done || undefined,
  });
}

/** The entry of an event, as record.lua writes it for all but the last of a list. */
export function entryText(json: string, started: number, key: string | undefined): string {
  return `${json.slice(0, -1)}${RECORD}${started}${key === undefined ? '' : keyText(key)}}}`;
}

/** Whether an entry was recorded with this idempotency key. */
export function bearsKey(entry: string, key: string): boolean {
  return entry.endsWith(`${keyText(key)}}}`);
}

function keyText(key: string): string {
  return `,"key":${jsonText(key)}`;
}

/** Null for an event that only looks like one. */
export function eventFields({ json, started }: RunEvent): EventFields | null {
  try {
    const fields = JSON.parse(json);
    if (typeof fields.message !== 'string' || !isNestedWithin(MAX_DEPTH, fields)) return null;
    return { ...fields, started: Math.floor(started / 1000) };
  } catch {
    // A SyntaxError: another program wrote the entry.
    return null;
  }
}
