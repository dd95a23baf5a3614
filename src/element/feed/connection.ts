// Keeps a set of runs connected: one attempt after the other, on the rung the ladder names, until closed.
// While it is on a lower rung it tries the stream beside it, and moves up without a break.
import type { ConnectionStatus, TransportName } from '../connection-status.ts';
import type { Message } from '../message.ts';
import { backoffMs } from './backoff.ts';
import { afterAttempt, afterClimb, canClimb, startLadder } from './ladder.ts';
import { poll } from './poll.ts';
import { streamEvents } from './sse.ts';
import { type Ending, type Endpoint, pause, type Transport } from './transport.ts';
import { openSockets } from './websocket.ts';

const TRANSPORTS: Readonly<Record<TransportName, Transport>> = {
  sse: streamEvents,
  websocket: openSockets,
  poll,
};

export interface ConnectionOptions {
  endpoint: Endpoint;
  runs: readonly string[];
  transport: TransportName | 'auto';
  cursorOf(run: string): number;
  onMessage(message: Message): void;
  onAlive(serverMs?: number): void;
  /** `closed` and `refused` are the last: nothing is tried again. */
  onStatus(status: ConnectionStatus): void;
}

export interface Connection {
  /**
   * Something happened that makes the next attempt worthwhile at once: the network is back, the page is shown again.
   * `isCertain` also drops a connection that looks well: whoever slept can't tell.
   */
  wake(isCertain: boolean): void;
  close(): void;
}

/** After this long without a sign an open connection isn't believed on waking. */
const DOUBTFUL_MS = 20_000;

interface Try {
  controller: AbortController;
  ending: Promise<Ending>;
  aliveSince(): number | undefined;
}

export function openConnection(options: ConnectionOptions): Connection {
  let ladder = startLadder(options.transport);
  let isClosed = false;
  let current: Try | undefined;
  let lastAlive = 0;
  let climbTimer: ReturnType<typeof setTimeout> | undefined;
  let climb: Try | undefined;
  let waiting: AbortController | undefined;
  let isWoken = false;
  let status: ConnectionStatus = { phase: 'connecting', transport: ladder.transport, since: Date.now() };

  function report(phase: ConnectionStatus['phase']): void {
    const isSame = phase === status.phase;
    if (isSame && status.transport === ladder.transport) return;
    status = { phase, transport: ladder.transport, since: isSame ? status.since : Date.now() };
    options.onStatus(status);
  }

  function start(transport: TransportName, onFirst: () => void): Try {
    const controller = new AbortController();
    let since: number | undefined;
    const ending = TRANSPORTS[transport]({
      ...options,
      signal: controller.signal,
      onMessage: (message) => {
        if (!controller.signal.aborted) options.onMessage(message);
      },
      onAlive: (serverMs) => {
        if (controller.signal.aborted) return;
        lastAlive = Date.now();
        if (since === undefined) {
          since = lastAlive;
          onFirst();
        }
        options.onAlive(serverMs);
      },
    });
    return { controller, ending, aliveSince: () => since };
  }

  async function loop(): Promise<void> {
    while (!isClosed) {
      current ??= start(ladder.transport, onLive);
      const attempt = current;
      const ending = await attempt.ending;
      if (isClosed) return;
      // A climb has put another in its place.
      if (attempt !== current) continue;
      current = undefined;
      stopClimb();
      if (ending.why === 'finished') return report('closed');
      if (ending.why === 'refused') return report('refused');
      const since = attempt.aliveSince();
      if (!isWoken) ladder = afterAttempt(ladder, ending, since === undefined ? 0 : Date.now() - since);
      report('retrying');
      const isHurried = isWoken || ending.why === 'blocked';
      isWoken = false;
      if (isHurried) continue;
      waiting = new AbortController();
      await pause(backoffMs({ ...ending, failures: ladder.failures, random: Math.random() }), waiting.signal);
      waiting = undefined;
    }
  }

  function onLive(): void {
    report('live');
    planClimb(ladder.climbMs);
  }

  function planClimb(delayMs: number): void {
    clearTimeout(climbTimer);
    if (canClimb(ladder) && climb === undefined) climbTimer = setTimeout(tryClimb, delayMs);
  }

  function tryClimb(): void {
    const attempt = start('sse', () => {
      // Something came through: this one stays, what it overlaps with is dropped by the reducer.
      climb = undefined;
      const lower = current;
      current = attempt;
      ladder = startLadder();
      lower?.controller.abort();
      report('live');
    });
    climb = attempt;
    attempt.ending.then(() => {
      if (climb !== attempt) return;
      climb = undefined;
      ladder = afterClimb(ladder);
      if (!isClosed && current !== undefined) planClimb(ladder.climbMs);
    });
  }

  function stopClimb(): void {
    clearTimeout(climbTimer);
    climb?.controller.abort();
    climb = undefined;
  }

  loop();
  return {
    wake(isCertain) {
      if (waiting !== undefined) return waiting.abort();
      if (!isCertain && Date.now() - lastAlive <= DOUBTFUL_MS) return planClimb(0);
      isWoken = true;
      current?.controller.abort();
    },
    close() {
      isClosed = true;
      stopClimb();
      current?.controller.abort();
      waiting?.abort();
    },
  };
}
