// Keeps a set of runs connected, one attempt after the other, until it is closed.
import type { ConnectionStatus, TransportName } from '../connection-status.ts';
import type { Message } from '../message.ts';
import type { Attempt, Ending } from './attempt.ts';
import { backoffMs } from './backoff.ts';
import type { Ladder } from './ladder.ts';
import { read } from './read.ts';
import { type Ask, eventsQuery } from './request.ts';
import type { Tokens } from './tokens.ts';

export interface ConnectionOptions {
  runs: readonly string[];
  /** Nobody looks at the page: it asks now and then, instead of holding a stream. */
  isIdle: boolean;
  /** Before the first attempt, in ms. */
  delayMs: number;
  ask: Ask;
  tokens: Tokens;
  ladder: Ladder;
  /** The newest id had of a run, 0 for none; asked anew whenever a cursor is sent. */
  cursorOf(run: string): number;
  onMessage(message: Message): void;
  onAlive(serverMs?: number): void;
  /** `refused` is the last: nothing is tried again. */
  onPhase(phase: ConnectionStatus['phase'], transport: TransportName): void;
  /** It is refused because of one of several runs. Nothing is tried again. */
  onMixed(): void;
}

export interface Connection {
  close(): void;
}

/** What held this long has worked. One that breaks sooner counts as a failure. */
const HELD_MS = 5_000;
/** A fast run has news at once, each time. */
const BREATH_MS = 1_000;
const WAIT_SECONDS = 25;
export const IDLE_MS = 15_000;

export function openConnection(options: ConnectionOptions): Connection {
  const { runs, isIdle, ladder, tokens, onPhase } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const attempt: Attempt = {
    ...options,
    signal,
    renewAt: tokens.renewAt,
    token: tokens.get,
    ask: (parameters, token, limit) =>
      options.ask(eventsQuery(runs, options.cursorOf) + parameters, token, limit),
    onAlive(serverMs) {
      isLive = true;
      refusals = 0;
      onPhase('live', transport);
      options.onAlive(serverMs);
    },
  };
  let transport: TransportName = 'stream';
  /** This attempt has got something through. */
  let isLive = false;
  let failures = 0;
  /** Tokens that were refused in a row. */
  let refusals = 0;
  /** A first look doesn't wait: what is known already comes at once. */
  let waitSeconds = 0;

  /** How long to wait before the next attempt, in ms; undefined when there is none. */
  function after(ending: Ending, heldMs: number): number | undefined {
    // Of a stream that is cut, Chromium may drop what it has not read yet: that the token has ended, too.
    const isEnding = ending.why === 'broken' && isLive && tokens.isEnding();
    const why = isEnding ? 'unauthorized' : ending.why;
    const isLasting = why === 'answered' || (isLive && heldMs >= HELD_MS);
    ladder.note(transport, why, isLasting, Date.now());
    if (isLasting) failures = 0;
    if (why === 'answered') {
      waitSeconds = isIdle ? 0 : WAIT_SECONDS;
      return isIdle ? IDLE_MS : BREATH_MS;
    }
    if (why === 'renew') return 0;
    waitSeconds = 0;
    if (why === 'unauthorized' && tokens.refuse()) {
      // It has served until it ended, as tokens do.
      if (isLive) return isLasting ? 0 : BREATH_MS;
      // It may have ended on its way here.
      if (++refusals === 1) return 0;
    }
    const isFirst = failures++ === 0;
    if (runs.length > 1 && (why === 'refused' || ending.isWrongRun)) return void options.onMixed();
    if (why === 'refused') return void onPhase('refused', transport);
    if (why === 'blocked' && isFirst) return 0;
    onPhase(why === 'unauthorized' ? why : 'retrying', transport);
    return backoffMs({ ...ending, failures: isLasting ? 0 : failures, random: Math.random() });
  }

  async function loop(): Promise<void> {
    await pause(options.delayMs, signal);
    while (!signal.aborted) {
      transport = isIdle ? 'poll' : ladder.transport(Date.now());
      isLive = false;
      const startedAt = Date.now();
      const ending = await read(attempt, transport === 'poll' ? waitSeconds : undefined);
      if (signal.aborted) return;
      const pauseMs = after(ending, Date.now() - startedAt);
      if (pauseMs === undefined) return;
      await pause(pauseMs, signal);
    }
  }

  loop();
  return { close: () => closing.abort() };
}

/** Resolves after that time, or as soon as the signal says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    signal.onabort = () => resolve();
  });
}
