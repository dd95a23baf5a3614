// What every way of hearing from the service offers: one attempt, from opening to its end. And what they have in common.
import type { Message } from '../message.ts';
import { isFinalRefusal, parseRetryAfter } from './backoff.ts';

/** A service and the right to read from it. */
export interface Endpoint {
  /** Without a slash at the end. */
  server: string;
  /** Bearer token, or "". */
  token: string;
}

export interface Attempt {
  endpoint: Endpoint;
  runs: readonly string[];
  /** The newest id had of a run, 0 for none; asked anew whenever a cursor is sent. */
  cursorOf(run: string): number;
  onMessage(message: Message): void;
  /** Proof that bytes get through: a message, a ping, an answer. With the server's time where it came along. */
  onAlive(serverMs?: number): void;
  signal: AbortSignal;
}

export interface Ending {
  /**
   * `ended`: closed, broken, unreachable or refused for now. `blocked`: open, but nothing came through.
   * `finished`: the server says that there is nothing more to come. `refused`: it will say no the next time as well.
   */
  why: 'ended' | 'blocked' | 'finished' | 'refused';
  retryMs?: number | undefined;
  retryAfterMs?: number | undefined;
}

/** Never rejects; resolves after an abort as well. */
export type Transport = (attempt: Attempt) => Promise<Ending>;

/** A first byte is sent at once; a proxy that keeps it this long keeps everything. */
export const FIRST_BYTE_MS = 8_000;
/** Two and a half heartbeats of 15 s. */
const SILENCE_MS = 38_000;

/** Asks for something under `/api`. */
export function ask({ endpoint, signal }: Attempt, path: string, own: AbortSignal): Promise<Response> {
  return fetch(`${endpoint.server}/api/${path}`, {
    headers: endpoint.token ? { Authorization: `Bearer ${endpoint.token}` } : {},
    // The browser asks by the ETag it has, and hides a 304; a header of our own would be preflighted.
    cache: 'no-cache',
    signal: AbortSignal.any([signal, own]),
  });
}

export function refused({ status, headers }: Response): Ending {
  const retryAfterMs = parseRetryAfter(headers.get('Retry-After'), Date.now());
  return { why: isFinalRefusal(status) ? 'refused' : 'ended', retryAfterMs };
}

export interface Watchdog {
  /** Something came: the next silence may last `SILENCE_MS`. */
  feed(): void;
  stop(): void;
}

/** Barks once, when nothing came for too long. */
export function createWatchdog(onSilence: () => void): Watchdog {
  let timer = setTimeout(onSilence, FIRST_BYTE_MS);
  const stop = () => clearTimeout(timer);
  return {
    stop,
    feed() {
      stop();
      timer = setTimeout(onSilence, SILENCE_MS);
    },
  };
}

/** Resolves after that time, or as soon as the signal says so. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.onabort = () => resolve();
  });
}
