// What a page knows of one run, and who wants to hear of it. What comes in passes the one reducer here.
import type { ConnectionStatus } from '../connection-status.ts';
import type { Message } from '../message.ts';
import { reduce } from '../reducer.ts';
import { emptyRun, type RunState } from '../run-state.ts';

export interface Known {
  state: RunState;
  /** `closed` once the run is done. */
  status: ConnectionStatus;
  /** What to add to local time to get the server's. */
  clockOffsetMs: number;
}

export type Listener = (known: Known) => void;

export interface KnownRun {
  state: RunState;
  status: ConnectionStatus;
  listeners: Set<Listener>;
  /** Local time in ms at which the last listener went. */
  leftAt: number;
}

export function newStatus(): ConnectionStatus {
  return { phase: 'connecting', transport: 'stream', since: Date.now() };
}

export function newRun(state: RunState = emptyRun): KnownRun {
  return { state, status: newStatus(), listeners: new Set(), leftAt: 0 };
}

/** Whether nothing more is to be asked. */
export function isSettled({ status }: KnownRun): boolean {
  return status.phase === 'closed' || status.phase === 'refused';
}

/** False when it brings nothing new. What is settled stays so, though a stream it shared with others goes on. */
export function takeMessage(known: KnownRun, message: Message): boolean {
  const state = isSettled(known) ? known.state : reduce(known.state, message);
  if (state === known.state && !state.done) return false;
  known.state = state;
  return !state.done || takePhase(known, 'closed', known.status.transport);
}

/** False when it is so already. */
export function takePhase(
  known: KnownRun,
  phase: ConnectionStatus['phase'],
  transport: ConnectionStatus['transport'],
): boolean {
  const { status } = known;
  const isSame = phase === status.phase;
  if (isSettled(known) || (isSame && transport === status.transport)) return false;
  known.status = { phase, transport, since: isSame ? status.since : Date.now() };
  return true;
}
