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
}

export function snapshotText(snapshot: Snapshot): SnapshotText {
  return { id: snapshot.id, done: snapshot.done, json: jsonText(snapshot) };
}
