// A snapshot, `initial_state`: what a reader needs to start from nothing.
import { eventFields } from './event.ts';
import type { History } from './history.ts';
import { type JsonObject, jsonText } from './json-text.ts';

export interface Snapshot {
  type: 'initial_state';
  run_id: string;
  /** The cursor of a reader that has this. 0 for a run that the store doesn't know. */
  id: number;
  /** Ms since 1970: the newest event, and the run's first. */
  ts: number | null;
  started: number | null;
  /** The oldest id in the history. */
  first_id: number | null;
  state: string | null;
  progress: number | null;
  logs: string[];
  /** When each line of `logs` was recorded: ms since 1970. */
  log_times: number[];
  /** The newest one in the history. */
  data?: JsonObject;
  done: boolean;
  /** Events between the reader's cursor and the history are gone. */
  gap?: true;
}

export function snapshotOf(runId: string, history: History, gap: boolean): Snapshot {
  const events = history.events.map(eventFields).filter((fields) => fields !== null);
  const last = events.at(-1);
  const lines = events.filter(({ message }) => message !== '');
  const data = events.findLast((event) => event.data !== undefined)?.data;
  return {
    type: 'initial_state',
    run_id: runId,
    id: history.lastId,
    ts: last?.ts ?? null,
    started: last?.started ?? null,
    first_id: last ? history.firstId : null,
    state: last?.state ?? null,
    progress: last?.progress ?? null,
    logs: lines.map(({ message }) => message),
    log_times: lines.map(({ ts }) => ts),
    ...(data && { data }),
    done: history.last?.done ?? false,
    ...(gap && { gap: true as const }),
  };
}

/** A snapshot as text, made once for all readers that get the same one. */
export interface SnapshotText {
  readonly id: number;
  readonly done: boolean;
  readonly json: string;
  /** The JSON in parts of up to 32 KB, or of one log line: between them JSON allows white space. */
  readonly parts: readonly string[];
}

const MAX_PART_BYTES = 32 * 1024;

export function snapshotText(snapshot: Snapshot): SnapshotText {
  const json = jsonText(snapshot);
  const parts = Buffer.byteLength(json) > MAX_PART_BYTES ? joined(tokensOf(snapshot)) : [json];
  return { id: snapshot.id, done: snapshot.done, json, parts };
}

/** The members of an object, and the items of its arrays, each with what stands before it. */
function* tokensOf(snapshot: Snapshot): Iterable<string> {
  let before = '{';
  for (const [name, value] of Object.entries(snapshot)) {
    before += `${JSON.stringify(name)}:`;
    if (!Array.isArray(value)) yield before + jsonText(value);
    else if (value.length === 0) yield `${before}[]`;
    else {
      for (const [i, item] of value.entries()) yield (i === 0 ? `${before}[` : ',') + jsonText(item);
      yield ']';
    }
    before = ',';
  }
  yield '}';
}

/** As few parts as there can be. */
function joined(tokens: Iterable<string>): string[] {
  const parts: string[] = [];
  let part = '';
  let bytes = 0;
  for (const token of tokens) {
    const more = Buffer.byteLength(token);
    if (bytes + more > MAX_PART_BYTES && part !== '') {
      parts.push(part);
      part = '';
      bytes = 0;
    }
    part += token;
    bytes += more;
  }
  return [...parts, part];
}
