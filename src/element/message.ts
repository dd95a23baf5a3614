// The two messages a reader gets, as every transport carries them. The service is trusted to keep its contract; what it
// may leave out is optional here.

/** What the application attached to an event: the address of the finished video, say. */
export type Data = Readonly<Record<string, unknown>>;

interface Common {
  run_id: string;
  /** Id of the newest event in it; 0 when nothing is recorded. */
  id: number;
  /** When that event happened and when the run began, server time in ms. */
  ts?: number | null;
  started?: number | null;
  /** Null where nobody has said it yet. */
  state?: string | null;
  progress?: number | null;
  /** What is counted, and which attempt it is, from 0; only once a publisher gave them. */
  current?: number | null;
  total?: number | null;
  attempt?: number;
  data?: Data | null;
  done?: boolean;
}

/** Everything about a run as it stands. Replaces what the reader has. */
export interface Snapshot extends Common {
  type: 'initial_state';
  logs?: string[];
  /** One per line of `logs`, in ms. */
  log_times?: number[];
  /** What it went through, as far as the history tells. */
  states?: string[];
  /** When each of `states` began, in ms. */
  state_times?: number[];
  /** Events between the reader's cursor and this history are gone. */
  gap?: boolean;
}

/** One event. */
export interface Progress extends Common {
  type: 'progress';
  /** The log line, or "". */
  message?: string;
}

export type Message = Snapshot | Progress;

/**
 * Undefined for anything that is no message: a newer service may send types that this reader has never heard of, and
 * they mustn't disturb it.
 */
export function toMessage(value: unknown): Message | undefined {
  const message = value as Partial<Message> | null;
  const isKnown = message?.type === 'progress' || message?.type === 'initial_state';
  return isKnown && typeof message.id === 'number' ? (message as Message) : undefined;
}

/** The same from text. */
export function parseMessage(text: string): Message | undefined {
  try {
    return toMessage(JSON.parse(text));
  } catch {
    // A SyntaxError: someone else's line in the stream.
    return undefined;
  }
}
