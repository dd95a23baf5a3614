// What a page knows of one run, and who wants to hear of it. Whatever comes in, from a transport or another tab, passes
// the one reducer here.
import type { ConnectionStatus } from '../connection-status.ts';
import type { Message } from '../message.ts';
import { reduce } from '../reducer.ts';
import { emptyRun, type RunState } from '../run-state.ts';

export interface Known {
  state: RunState;
  /** `closed` once the run is done, or the server has nothing more. */
  status: ConnectionStatus;
  /** What to add to local time to get the server's. */
  clockOffsetMs: number;
}

export type Listener = (known: Known) => void;

export interface KnownRun {
  state: RunState;
  status: ConnectionStatus;
  listeners: Set<Listener>;
  /** The leader was asked for the whole of it. */
  isAsked: boolean;
}

/** One step of what is known: an event or snapshot as it came, or what another tab knows. */
export interface Change {
  run: string;
  message?: Message;
  state?: RunState | undefined;
  status?: ConnectionStatus;
}

export function newRun(): KnownRun {
  return {
    state: emptyRun,
    status: { phase: 'connecting', transport: 'sse', since: Date.now() },
    listeners: new Set(),
    isAsked: false,
  };
}

/** Whether nothing more is to be asked. */
export function isSettled({ status }: KnownRun): boolean {
  return status.phase === 'closed' || status.phase === 'refused';
}

/** False when it brings nothing new. What is settled stays so, though a stream it shared with others goes on. */
export function applyChange(known: KnownRun, { message, state, status }: Change): boolean {
  if (isSettled(known)) return false;
  const before = { ...known };
  known.state = message ? reduce(known.state, message) : (state ?? known.state);
  known.status = status ?? known.status;
  if (known.state.done) known.status = { ...known.status, phase: 'closed' };
  return known.state !== before.state || known.status !== before.status;
}
