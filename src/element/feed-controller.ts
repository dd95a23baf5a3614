// Ties an element to the page's shared connection: watches its run while the element is in the document.
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ConnectionStatus, TransportName } from './connection-status.ts';
import { hubFor } from './feed/page-hub.ts';
import { toMessage } from './message.ts';
import { reduce } from './reducer.ts';
import { emptyRun, type RunState } from './run-state.ts';

/** What to watch. `manual`: nothing is opened; the page passes messages in by itself. */
export interface FeedTarget {
  server: string;
  run: string;
  token: string;
  transport: TransportName | 'auto' | 'manual';
}

export interface FeedController extends ReactiveController {
  readonly run: RunState;
  readonly connection: ConnectionStatus;
  /** What to add to local time to get the server's. */
  readonly clockOffsetMs: number;
  /** Watches this from now on. The same target again changes nothing; another run starts empty. */
  watch(target: FeedTarget): void;
  receive(value: unknown): void;
  setConnection(phase: ConnectionStatus['phase']): void;
}

/** `onChange` hears of every new state of the run, `onConnection` of every other phase or transport. */
export function createFeed(
  host: ReactiveControllerHost,
  onChange: (run: RunState, before: RunState) => void,
  onConnection: (status: ConnectionStatus) => void,
): FeedController {
  let target: FeedTarget | undefined;
  let run = emptyRun;
  let connection: ConnectionStatus = { phase: 'connecting', transport: 'sse', since: Date.now() };
  let clockOffsetMs = 0;
  let release: (() => void) | undefined;
  let isConnected = false;

  function takeRun(next: RunState): void {
    if (next === run) return;
    const before = run;
    run = next;
    onChange(next, before);
    host.requestUpdate();
  }

  function takeStatus(next: ConnectionStatus): void {
    if (next.phase === connection.phase && next.transport === connection.transport) return;
    connection = next;
    onConnection(next);
    host.requestUpdate();
  }

  function open(): void {
    release?.();
    release = undefined;
    if (!isConnected || target === undefined || target.run === '' || target.transport === 'manual') return;
    const hub = hubFor({ server: target.server, token: target.token, transport: target.transport });
    release = hub.watch(target.run, {
      run: takeRun,
      status: takeStatus,
      clock: (offsetMs) => {
        clockOffsetMs = offsetMs;
      },
    });
  }

  function watch(next: FeedTarget): void {
    if (target !== undefined && JSON.stringify(target) === JSON.stringify(next)) return;
    if (target?.run !== next.run) run = emptyRun;
    target = next;
    if (next.transport === 'manual') takeStatus({ phase: 'live', transport: 'sse', since: Date.now() });
    open();
  }

  const feed: FeedController = {
    get run() {
      return run;
    },
    get connection() {
      return connection;
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
    watch,
    receive(value) {
      const message = toMessage(value, target?.run);
      if (message !== undefined) takeRun(reduce(run, message));
    },
    setConnection: (phase) => takeStatus({ ...connection, phase, since: Date.now() }),
    hostConnected() {
      isConnected = true;
      open();
    },
    hostDisconnected() {
      isConnected = false;
      open();
    },
  };
  host.addController(feed);
  return feed;
}
