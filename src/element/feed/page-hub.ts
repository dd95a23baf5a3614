// What all elements of a page share for one service: the state of each run, and one connection for it, wherever in the
// browser that is held. Everything that comes in, from a transport or from another tab, passes the one reducer here.
import type { ConnectionStatus, TransportName } from '../connection-status.ts';
import type { Message } from '../message.ts';
import { reduce } from '../reducer.ts';
import { emptyRun, type RunState } from '../run-state.ts';
import { poll } from './poll.ts';
import { streamEvents } from './sse.ts';
import { createStreams } from './streams.ts';
import { joinTabs, type Tabs } from './tab-leader.ts';
import type { Endpoint, Transports } from './transport.ts';
import { onWake } from './wake.ts';
import { openSockets } from './websocket.ts';

export interface HubTarget extends Endpoint {
  transport: TransportName | 'auto';
}

export interface Watcher {
  run(run: RunState): void;
  status(status: ConnectionStatus): void;
  clock(offsetMs: number): void;
}

export interface Hub {
  /** Tells what is known at once, then every change, until the returned function is called. */
  watch(run: string, watcher: Watcher): () => void;
}

/** What tabs tell one another. Followers say what they want; the leader says everything else. */
type Post =
  | { kind: 'want'; tab: string; runs: string[] }
  | { kind: 'lead' }
  | { kind: 'state'; run: string; state: RunState; status: ConnectionStatus }
  | { kind: 'message'; message: Message }
  | { kind: 'status'; runs: readonly string[]; status: ConnectionStatus }
  | { kind: 'beat'; offsetMs: number };

interface Entry {
  state: RunState;
  status: ConnectionStatus;
  /** Nothing more is expected of it. */
  isFinished: boolean;
  /** The leader was asked for the whole of it. */
  isAsked: boolean;
  watchers: Set<Watcher>;
}

const transports: Transports = { sse: streamEvents, websocket: openSockets, poll };
const hubs = new Map<string, Hub>();

const BEAT_MS = 15_000;
/** A tab that hasn't repeated its wish for this long is gone. Hidden tabs are given a timer once a minute. */
const FORGET_MS = 180_000;
const REPEAT_MS = 60_000;

/** One hub per service, token and forced transport. It lives as long as the page, its connections only when needed. */
export function hubFor(target: HubTarget): Hub {
  const key = JSON.stringify(['run-progress', target.server, target.token, target.transport]);
  const hub = hubs.get(key) ?? createHub(key, target);
  hubs.set(key, hub);
  return hub;
}

function createHub(name: string, target: HubTarget): Hub {
  const entries = new Map<string, Entry>();
  /** What the other tabs want of this one, while it leads. */
  const others = new Map<string, { runs: readonly string[]; heardAt: number }>();
  const tab = Math.random().toString(36).slice(2);
  let tabs: Tabs<Post> | undefined;
  let isLeader = false;
  let offsetMs = 0;
  let postedAt = 0;
  let wantedAt = 0;

  const streams = createStreams({
    endpoint: target,
    transports,
    forced: target.transport === 'auto' ? undefined : target.transport,
    cursorOf: (run) => entries.get(run)?.state.id ?? 0,
    onMessage: takeMessage,
    onAlive(serverMs) {
      if (serverMs !== undefined) takeClock(serverMs - Date.now());
      if (Date.now() - postedAt > BEAT_MS / 3) post({ kind: 'beat', offsetMs });
    },
    onStatus(runs, status) {
      takeStatus(runs, status);
      post({ kind: 'status', runs, status });
    },
    onFinished(runs) {
      for (const run of runs) finish(run);
      settle();
    },
  });

  function entryOf(run: string): Entry {
    let entry = entries.get(run);
    if (entry === undefined) {
      const status: ConnectionStatus = { phase: 'connecting', transport: 'sse', since: Date.now() };
      entry = { state: emptyRun, status, isFinished: false, isAsked: false, watchers: new Set() };
      entries.set(run, entry);
    }
    return entry;
  }

  function ownRuns(): string[] {
    return [...entries].filter(([, entry]) => entry.watchers.size > 0).map(([run]) => run);
  }

  /** Has the streams, or the tab that leads, follow what is wanted here by now. */
  function settle(): void {
    if (!isLeader) {
      wantedAt = Date.now();
      if (tabs !== undefined) post({ kind: 'want', tab, runs: ownRuns() });
      return;
    }
    const runs = new Set([...ownRuns(), ...[...others.values()].flatMap((other) => other.runs)]);
    for (const run of entries.keys()) if (!runs.has(run)) entries.delete(run);
    streams.want([...runs].filter((run) => !entryOf(run).isFinished));
  }

  function post(message: Post): void {
    postedAt = Date.now();
    tabs?.post(message);
  }

  function takeState(entry: Entry, state: RunState): void {
    if (state === entry.state) return;
    entry.state = state;
    for (const watcher of entry.watchers) watcher.run(state);
  }

  function takeMessage(message: Message): void {
    const entry = entries.get(message.run_id);
    if (entry === undefined) return;
    const state = reduce(entry.state, message);
    if (state === entry.state) return;
    takeState(entry, state);
    post({ kind: 'message', message });
    if (!state.done) return;
    finish(message.run_id);
    settle();
  }

  function takeStatus(runs: readonly string[], status: ConnectionStatus): void {
    for (const run of runs) {
      const entry = entries.get(run);
      // What is over stays so, though the stream it shared with others goes on.
      if (entry === undefined || entry.isFinished) continue;
      entry.status = status;
      for (const watcher of entry.watchers) watcher.status(status);
    }
  }

  function takeClock(next: number): void {
    offsetMs = next;
    for (const entry of entries.values()) for (const watcher of entry.watchers) watcher.clock(next);
  }

  function finish(run: string): void {
    const entry = entryOf(run);
    const status: ConnectionStatus = { ...entry.status, phase: 'closed', since: Date.now() };
    takeStatus([run], status);
    post({ kind: 'status', runs: [run], status });
    entry.isFinished = true;
  }

  function onPost(message: Post): void {
    if (message.kind === 'want') {
      if (isLeader) answer(message.tab, message.runs);
      return;
    }
    tabs?.heard();
    if (isLeader) return;
    if (message.kind === 'lead') settle();
    else if (message.kind === 'beat') takeClock(message.offsetMs);
    else if (message.kind === 'status') takeStatus(message.runs, message.status);
    else if (message.kind === 'state') takeLeadersState(message.run, message.state, message.status);
    else followMessage(message.message);
  }

  function answer(asking: string, runs: string[]): void {
    others.set(asking, { runs, heardAt: Date.now() });
    settle();
    for (const run of runs) {
      const { state, status } = entryOf(run);
      post({ kind: 'state', run, state, status });
    }
  }

  function takeLeadersState(run: string, state: RunState, status: ConnectionStatus): void {
    const entry = entries.get(run);
    if (entry === undefined) return;
    entry.isAsked = false;
    // A leader that has only just begun knows less than its followers.
    if (state.id > entry.state.id || (state.ts ?? 0) > (entry.state.ts ?? 0)) takeState(entry, state);
    takeStatus([run], status);
  }

  /** This tab may have been frozen, or come late: where a message doesn't join on, it asks for the whole. */
  function followMessage(message: Message): void {
    const entry = entries.get(message.run_id);
    if (entry === undefined || message.id <= entry.state.id) return;
    if (message.type === 'initial_state' || message.id === entry.state.id + 1) {
      takeState(entry, reduce(entry.state, message));
    } else if (!entry.isAsked) {
      entry.isAsked = true;
      settle();
    }
  }

  function tend(): void {
    const now = Date.now();
    if (ownRuns().length === 0) {
      leave();
      return;
    }
    if (!isLeader) {
      if (now - wantedAt >= REPEAT_MS) settle();
      return;
    }
    for (const [other, { heardAt }] of others) if (now - heardAt > FORGET_MS) others.delete(other);
    settle();
    post({ kind: 'beat', offsetMs });
  }

  let timer: ReturnType<typeof setInterval> | undefined;
  let stopWaking = () => {};

  function join(): void {
    if (tabs !== undefined) return;
    timer = setInterval(tend, BEAT_MS);
    stopWaking = onWake((isCertain) => (isLeader ? streams.wake(isCertain) : settle()));
    tabs = joinTabs<Post>({
      name,
      onLead() {
        isLeader = true;
        // Not from within `joinTabs`, which may call this before it has returned.
        queueMicrotask(() => post({ kind: 'lead' }));
        settle();
      },
      onFollow() {
        isLeader = false;
        others.clear();
        streams.want([]);
        settle();
      },
      onPost,
    });
    settle();
  }

  /** The lock goes to the next tab; also before the page is frozen or kept for the back button. */
  function leave(): void {
    clearInterval(timer);
    stopWaking();
    tabs?.leave();
    tabs = undefined;
    isLeader = false;
    others.clear();
    streams.want([]);
  }

  addEventListener('pagehide', leave);
  addEventListener('pageshow', (event) => {
    if (event.persisted && ownRuns().length > 0) join();
  });

  return {
    watch(run, watcher) {
      const entry = entryOf(run);
      entry.watchers.add(watcher);
      watcher.clock(offsetMs);
      watcher.run(entry.state);
      watcher.status(entry.status);
      join();
      settle();
      return () => {
        entry.watchers.delete(watcher);
        settle();
      };
    },
  };
}
