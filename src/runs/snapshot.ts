// A snapshot, `initial_state`: what a reader needs to start from nothing.
import { eventFields, type RunEvent } from './event.ts';
import type { History } from './history.ts';
import { createJsonParts, type JsonParts } from './json-parts.ts';
import { type JsonObject, jsonText } from './json-text.ts';
import { NO_VALUES, type RunValues } from './recording.ts';
import { type States, type Step, statesOf } from './states.ts';

/** A snapshot as JSON, made once for all readers that get the same one. */
export interface Snapshot extends JsonParts {
  /** The cursor of a reader that has this. 0 for a run that the store doesn't know. */
  readonly id: number;
}

/** What stands before the log. */
interface Summary extends RunValues {
  type: 'initial_state';
  run_id: string;
  id: number;
  /** Ms since 1970: the newest event, and the run's first. */
  ts: number | null;
  started: number | null;
  /** The oldest id in the history. */
  first_id: number | null;
}

/** What stands after it. */
interface Rest extends Partial<States> {
  /** The newest one in the history. */
  data?: JsonObject;
  done: boolean;
  /** Events between the reader's cursor and the history are gone. */
  gap?: true;
}

/** What a snapshot takes over of each event. */
interface Line extends Step {
  /** A comma, and the log line as JSON; null without one. */
  text: string | Buffer | null;
  data: JsonObject | undefined;
}

/** A line this long is kept as bytes, for the snapshots to come: of a run that goes on every poll needs a new one. */
const LONG_CHARACTERS = 1024;
const longLines = new WeakMap<RunEvent, Line>();

export function snapshotOf(runId: string, history: History, gap: boolean): Snapshot {
  const events = history.events.map(lineOf).filter((line) => line !== null);
  const lines = events.filter(({ text }) => text !== null);
  const states = statesOf(events);
  const data = events.findLast((event) => event.data !== undefined)?.data;
  const rest: Rest = {
    ...(states.states.length > 0 && states),
    ...(data && { data }),
    done: history.last?.done ?? false,
    ...(gap && { gap: true as const }),
  };
  const json = createJsonParts();
  json.add(`${jsonText(summaryOf(runId, history)).slice(0, -1)},"logs":[`);
  for (const [i, { text }] of lines.entries())
    if (text !== null) json.add(i === 0 ? withoutComma(text) : text);
  json.add('],"log_times":[');
  for (const [i, { ts }] of lines.entries()) json.add(i === 0 ? `${ts}` : `,${ts}`);
  json.add(`],${jsonText(rest).slice(1)}`);
  return { id: history.lastId, ...json.end() };
}

function summaryOf(runId: string, { events, firstId, lastId }: History): Summary {
  const newest = events.findLast((event) => eventFields(event) !== null);
  const last = newest ? eventFields(newest) : null;
  const { state, progress, current, total, attempt } = last ?? NO_VALUES;
  return {
    type: 'initial_state',
    run_id: runId,
    id: lastId,
    ts: last?.ts ?? null,
    started: last?.started ?? null,
    first_id: last ? firstId : null,
    state: state ?? null,
    progress: progress ?? null,
    ...(current !== undefined && { current }),
    ...(total !== undefined && { total }),
    ...(attempt !== undefined && { attempt }),
  };
}

function lineOf(event: RunEvent): Line | null {
  const known = longLines.get(event);
  if (known) return known;
  const fields = eventFields(event);
  if (!fields) return null;
  const { ts, state, progress, attempt, message, data } = fields;
  const { done } = event;
  const isFirst = event.id === event.started;
  const text = message === '' ? null : `,${jsonText(message)}`;
  const line = { ts, state, progress, attempt, done, isFirst, text, data };
  if (message.length < LONG_CHARACTERS) return line;
  const long = { ...line, text: text && Buffer.from(text) };
  longLines.set(event, long);
  return long;
}

function withoutComma(text: string | Buffer): string | Buffer {
  return typeof text === 'string' ? text.slice(1) : text.subarray(1);
}
