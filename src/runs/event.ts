// An event: an entry of a history, read. What every event needs is found in its text; the rest is parsed when asked
// for, as most events are only passed on.
import { isNestedWithin, type JsonObject } from './json-text.ts';
import { MAX_DEPTH } from './update.ts';

export interface RunEvent {
  /** The entry as it is stored: two events are the same event if these are the same. */
  readonly entry: string;
  readonly id: number;
  /** The run is in a terminal state. */
  readonly done: boolean;
  /** Its list begins with it: there is nothing before. */
  readonly isFirst: boolean;
}

/** What an event says. */
export interface EventFields {
  /** When it was recorded: ms since 1970, by the store's clock. */
  ts: number;
  /** Folded: the run's values after this event; null until a publisher gave one. */
  state: string | null;
  progress: number | null;
  /** The log line, '' without one. */
  message: string;
  data?: JsonObject;
  /** When the run's first event was recorded: ms since 1970. */
  started: number;
}

// A quote inside a JSON string is escaped, so these can only be members. `id` is the first one of its name, the
// bookkeeping of the record rule is the last member of all, and `done` stands right before it.
const HEAD = '{"type":"progress","run_id":';
const ID = ',"id":';
const DONE = ',"done":true';
const RECORD = ',"record":{';
const STARTED_AT = RECORD.length + '"started":'.length;

/** The event in an entry, or null when it isn't one (foreign or torn). */
export function parseEntry(entry: string): RunEvent | null {
  const at = entry.indexOf(ID);
  const end = entry.lastIndexOf(RECORD);
  if (!entry.startsWith(HEAD) || at === -1 || end < at || !entry.endsWith('}}')) return null;
  const id = Number.parseInt(entry.slice(at + ID.length, at + ID.length + 16), 10);
  if (!Number.isSafeInteger(id)) return null;
  const started = Number.parseInt(entry.slice(end + STARTED_AT, end + STARTED_AT + 16), 10);
  return { entry, id, done: entry.endsWith(DONE, end), isFirst: id === started };
}

/** The event as readers get it: the entry without its bookkeeping. */
export function eventJson({ entry }: RunEvent): string {
  return `${entry.slice(0, entry.lastIndexOf(RECORD))}}`;
}

/** Null for an entry that only looks like one. */
export function eventFields({ entry }: RunEvent): EventFields | null {
  try {
    const { record, ...fields } = JSON.parse(entry);
    if (typeof fields.message !== 'string' || !isNestedWithin(MAX_DEPTH, fields)) return null;
    return { ...fields, started: Math.floor(record.started / 1000) };
  } catch {
    // A SyntaxError, or a TypeError for a record that is none: somebody else has put it there.
    return null;
  }
}
