// What all elements of a page share for one service: what is known of each run, and the connection.
import type { TransportName } from '../connection-status.ts';
import type { RunState } from '../run-state.ts';
import { type Connection, IDLE_MS, openConnection } from './connection.ts';
import {
  isSettled,
  type KnownRun,
  type Listener,
  newRun,
  newStatus,
  takeMessage,
  takePhase,
} from './known-run.ts';
import { createLadder } from './ladder.ts';
import { createAsk, type Endpoint, groupRuns } from './request.ts';
import { createTokens, type TokenProvider } from './tokens.ts';

export interface HubTarget extends Endpoint {
  transport: TransportName | 'auto';
  /** Bearer token, or "". */
  token: string;
  provider: TokenProvider | undefined;
}

export interface Hub {
  readonly target: HubTarget;
  /** What was told by another hub may be passed in. Tells what is known at once, then on every change, until the returned function is called. */
  watch(run: string, known: RunState, listener: Listener): () => void;
  setProvider(provider: TokenProvider | undefined): void;
  /** False, and nothing is done, while somebody watches. */
  close(): boolean;
}

const GATHER_MS = 100;
/** Of the six that a browser allows for a host some are the page's own. */
const MAX_STREAMS = 3;
/** How many runs that nobody watches are remembered: their elements may be replaced, or scrolled back to. */
const MAX_UNWATCHED = 100;
/** A run that is over is asked for again by elements that come later than this: it may have been started anew. */
const SETTLED_MS = 10_000;

const hubs = new Set<Hub>();

/** One hub per service, token and forced transport. */
export function hubFor(target: HubTarget): Hub {
  const keys = ['server', 'credentials', 'transport', 'token', 'provider'] as const;
  for (const hub of hubs) {
    if (keys.every((key) => hub.target[key] === target[key])) return hub;
    // Its token was replaced, most likely.
    if (hub.target.server === target.server && hub.close()) hubs.delete(hub);
  }
  const hub = createHub(target);
  hubs.add(hub);
  return hub;
}

function createHub(target: HubTarget): Hub {
  const runs = new Map<string, KnownRun>();
  const tokens = createTokens(target.token, target.provider);
  const ladder = createLadder(target.transport);
  const ask = createAsk(target);
  const ending = new AbortController();
  let open = new Map<Connection, readonly string[]>();
  let clockOffsetMs = 0;
  let isLeaving = false;
  let soon: ReturnType<typeof setTimeout> | undefined;

  /** What is asked for. A stream that also carries a few other runs may stay: it costs less than a new one. */
  function settle(isForced = false): void {
    clearTimeout(soon);
    soon = undefined;
    const wanted = [...runs].filter(([, known]) => known.listeners.size > 0 && !isSettled(known));
    const names = wanted.map(([run]) => run);
    const carried = new Set([...open.values()].flat());
    const isCovered = names.every((run) => carried.has(run)) && names.length * 2 >= carried.size;
    if (isCovered && !isForced) return;
    for (const connection of open.keys()) connection.close();
    open = new Map();
    forget();
    const isKnown = wanted.every(([, { status }]) => status.phase === 'live');
    if (!isLeaving) for (const group of groupRuns(names)) connect(group, isKnown);
  }

  /** Only when no stream goes on: it doesn't tell twice what it told of a run. */
  function forget(): void {
    const unwatched = [...runs].filter(([, { listeners }]) => listeners.size === 0);
    unwatched.sort(([, a], [, b]) => b.leftAt - a.leftAt);
    for (const [run] of unwatched.slice(MAX_UNWATCHED)) runs.delete(run);
  }

  /** Elements come and go in bunches: a table is filled, or sorted. */
  function settleSoon(): void {
    soon ??= setTimeout(settle, open.size > 0 ? GATHER_MS : 0);
  }

  function connect(group: readonly string[], isKnown: boolean): void {
    const isIdle = document.hidden || open.size >= MAX_STREAMS;
    const connection = openConnection({
      runs: group,
      isIdle,
      delayMs: isIdle && isKnown ? IDLE_MS : 0,
      ask,
      tokens,
      ladder,
      cursorOf: (run) => cursorOf(runs.get(run)),
      onMessage: (message) => tell(message.run_id, (known) => takeMessage(known, message)),
      onPhase(phase, transport) {
        for (const run of group) tell(run, (known) => takePhase(known, phase, transport));
      },
      onAlive(serverMs) {
        if (serverMs) clockOffsetMs = serverMs - Date.now();
      },
      onMixed() {
        // One of them is to blame: each half asks by itself, down to single runs.
        open.delete(connection);
        const middle = group.length >> 1;
        connect(group.slice(0, middle), false);
        connect(group.slice(middle), false);
      },
    });
    open.set(connection, group);
  }

  function tell(run: string, change: (known: KnownRun) => boolean): void {
    const known = runs.get(run);
    if (known === undefined || !change(known)) return;
    for (const listener of known.listeners) notify(listener, known);
    if (isSettled(known)) settleSoon();
  }

  /** A mistake in what the page does with it is the page's, and no reason to lose the connection. */
  function notify(listener: Listener, known: KnownRun): void {
    try {
      listener({ ...known, clockOffsetMs });
    } catch (error) {
      reportError(error);
    }
  }

  const { signal } = ending;
  addEventListener('online', restart, { signal });
  document.addEventListener('visibilitychange', () => settle(true), { signal });
  // Kept for the back button, a page must hold nothing.
  addEventListener('pagehide', () => leave(true), { signal });
  addEventListener('pageshow', () => isLeaving && leave(false), { signal });
  document.addEventListener('resume', restart, { signal });

  function restart(): void {
    ladder.reset();
    settle(true);
  }

  function leave(is: boolean): void {
    isLeaving = is;
    settle(true);
  }

  return {
    target,
    watch(run, state, listener) {
      const known = runs.get(run) ?? newRun();
      runs.set(run, known);
      if (state.id > known.state.id) known.state = state;
      const isOld = known.listeners.size === 0 && Date.now() - known.leftAt > SETTLED_MS;
      if (isOld && isSettled(known)) known.status = newStatus();
      known.listeners.add(listener);
      notify(listener, known);
      settleSoon();
      return () => {
        known.listeners.delete(listener);
        known.leftAt = Date.now();
        settleSoon();
      };
    },
    setProvider(provider) {
      target.provider = provider;
      tokens.setProvider(provider);
    },
    close() {
      if ([...runs.values()].some(({ listeners }) => listeners.size > 0)) return false;
      clearTimeout(soon);
      for (const connection of open.keys()) connection.close();
      ending.abort();
      return true;
    },
  };
}

/** What is over is asked for as a whole: the service has nothing to say after the end. */
function cursorOf(known: KnownRun | undefined): number {
  return known === undefined || known.state.done ? 0 : known.state.id;
}
