// The two messages a reader gets, as every transport carries them. Only shape is judged here, never meaning.

/** Everything about a run as it stands. Replaces what the reader has. */
export interface Snapshot {
  type: 'initial_state';
  run_id: string;
  /** Id of the newest event in it; 0 when nothing is recorded. */
  id: number;
  ts: number | null;
  started: number | null;
  first_id: number;
  state: string | null;
  progress: number | null;
  logs: string[];
  /** One per line of `logs`, in ms; empty when the server doesn't say. */
  log_times: number[];
  data: Data | null;
  done: boolean;
  /** Events between the reader's cursor and this history are gone. */
  gap: boolean;
}

/** One event. `state` and `progress` are null where nobody has said them yet. */
export interface Progress {
  type: 'progress';
  run_id: string;
  id: number;
  ts: number;
  state: string | null;
  progress: number | null;
  /** The log line, or "". */
  message: string;
  data: Data | null;
  done: boolean;
}

export type Message = Snapshot | Progress;

/** What the application attached to an event: the address of the finished video, say. */
export type Data = Readonly<Record<string, unknown>>;

/**
 * Reads one message. `run` names it where the text doesn't. Undefined for anything that is no message: a newer server
 * may send types this reader has never heard of, and they mustn't disturb it.
 */
export function parseMessage(text: string, run = ''): Message | undefined {
  try {
    return toMessage(JSON.parse(text), run);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The same for a value that is already parsed. */
export function toMessage(value: unknown, run = ''): Message | undefined {
  if (!isObject(value)) return undefined;
  const run_id = typeof value.run_id === 'string' ? value.run_id : run;
  if (run_id === '') return undefined;
  const id = value.id;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return undefined;
  const common = {
    run_id,
    id,
    state: typeof value.state === 'string' ? value.state : null,
    progress: toNumber(value.progress),
    data: isObject(value.data) ? value.data : null,
    done: value.done === true,
  };
  if (value.type === 'progress') {
    const message = typeof value.message === 'string' ? value.message : '';
    return { type: 'progress', ...common, ts: toNumber(value.ts) ?? Date.now(), message };
  }
  if (value.type !== 'initial_state') return undefined;
  const logs = Array.isArray(value.logs) ? value.logs.map(String) : [];
  const times = Array.isArray(value.log_times) ? value.log_times.map(Number) : [];
  return {
    type: 'initial_state',
    ...common,
    ts: toNumber(value.ts),
    started: toNumber(value.started),
    first_id: toNumber(value.first_id) ?? 0,
    logs,
    log_times: times.length === logs.length ? times : [],
    gap: value.gap === true,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
