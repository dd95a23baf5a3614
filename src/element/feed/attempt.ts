// One attempt to hear from the service, from its request to its end: what the ways of trying have in common.
import type { Message } from '../message.ts';
import { isFinalRefusal, parseRetryAfter } from './backoff.ts';

export interface Attempt {
  /** The token to send, or "". Takes as long as the page's provider does. */
  token(): Promise<string>;
  /** Asks for the runs from their cursors; `parameters` begin with `&`. */
  ask(parameters: string, token: string, signal: AbortSignal): Promise<Response>;
  onMessage(message: Message): void;
  /** Proof that bytes get through: a message, a ping, an answer. With the server's time where it came along. */
  onAlive(serverMs?: number): void;
  /** Local time in ms at which the token has to be renewed. */
  renewAt(): number;
  signal: AbortSignal;
}

export interface Ending {
  /**
   * `answered`: all is well, ask again. `renew`: so it is, and the token is about to expire. `broken`: cut off, unreachable or refused for now.
   * `blocked`: open, but nothing came through. `unauthorized`: 401 or 403. `refused`: it will say no the next time as well.
   */
  why: 'answered' | 'renew' | 'broken' | 'blocked' | 'unauthorized' | 'refused';
  /** The token is for other runs. */
  isWrongRun?: boolean;
  retryMs?: number | undefined;
  retryAfterMs?: number | undefined;
}

/** What an answer means that isn't what was asked for. */
export async function refusalOf(response: Response): Promise<Ending> {
  const { status, headers } = response;
  const retryAfterMs = parseRetryAfter(headers.get('Retry-After'));
  if (status !== 401 && status !== 403) {
    return { why: isFinalRefusal(status) ? 'refused' : 'broken', retryAfterMs };
  }
  return { why: 'unauthorized', isWrongRun: (await response.text()).includes('"wrong-run"'), retryAfterMs };
}
