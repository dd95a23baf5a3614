// What all elements of a page share for one service: what is known of each run, and one connection for it, wherever in
// the browser that is held. Everything that comes in, from a transport or another tab, passes the one reducer here.
import type { ConnectionStatus, TransportName } from '../connection-status.ts';
import type { Message } from '../message.ts';
import { reduce } from '../reducer.ts';
import { emptyRun, type RunState } from '../run-state.ts';
import { poll } from './poll.ts';
import { streamEvents } from './sse.ts';
import { createStreams } from './streams.ts';
import { joinTabs, type Tabs } from './tab-leader.ts';
import type { Endpoint } from './transport.ts';
import { onWake } from './wake.ts';
import { openSockets } from './websocket.ts';

export interface HubTarget extends Endpoint {
  transport: TransportName | 'auto';
}

/** What is known of a run. */
export interface Known {
  state: RunState;
  /** `closed` once the run is done, or the server has nothing more. */
  status: ConnectionStatus;
  /** What to add to local time to get the server's. */
  clockOffsetMs: number;
}

export interface Hub {
  /** Tells what is known at once, then on every change, until the returned function is called. */
  watch(run: string, listener: (known: Known) => void): () => void;
}

interface Entry extends Known {
  listeners: Set<(known: Known) => void>;
  /** The leader was asked for the whole of it. */
  isAsked: boolean;
}

interface Change {
  run: string;
  message?: Message;
  state?: RunState | undefined;
  status?: ConnectionStatus;
}

/** What tabs tell one another. Followers say what they want, and what they have of it; the leader all else. */
type Post = { tab: string; want: [run: string, id: number][] } | { beat: number; isNew: boolean } | Change;

const TRANSPORTS = { sse: streamEvents, websocket: openSockets, poll };
const BEAT_MS = 15_000;
/** A tab that hasn't repeated its wish for this long is gone. Hidden ones are given a timer once a minute. */
const FORGET_MS = 180_000;

const hubs = new Map<string, Hub>();

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
  const others = new Map<string, { runs: string[]; heardAt: number }>();
  const tab = String(Math.random());
  let tabs: Tabs<Post> | undefined;
  let isLeader = false;
  let clockOffsetMs = 0;
  let postedAt = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let stopWaking = () => {};

  const streams = createStreams({
    endpoint: target,
    transports: TRANSPORTS,
    forced: target.transport === 'auto' ? undefined : target.transport,
    cursorOf: (run) => entryOf(run).state.id,
    onMessage: (message) => tell({ run: message.run_id, message }),
    onStatus: (run, status) => tell({ run, status }),
    onAlive(serverMs) {
      if (serverMs) setClock(serverMs - Date.now());
      if (Date.now() - postedAt > BEAT_MS / 3) beat(false);
    },
  });

  function entryOf(run: string): Entry {
    let entry = entries.get(run);
    if (entry === undefined) {
      const status: ConnectionStatus = { phase: 'connecting', transport: 'sse', since: Date.now() };
      entry = { state: emptyRun, status, clockOffsetMs, listeners: new Set(), isAsked: false };
      entries.set(run, entry);
    }
    return entry;
  }

  /** Has the streams, or the tab that leads, follow what is wanted here by now. */
  function settle(): void {
    const elsewhere = [...others.values()].flatMap(({ runs }) => runs);
    for (const [run, { listeners }] of entries) {
      if (listeners.size === 0 && !elsewhere.includes(run)) entries.delete(run);
    }
    if (isLeader) streams.want([...entries.keys()].filter((run) => entryOf(run).status.phase !== 'closed'));
    else post({ tab, want: [...entries].map(([run, { state }]) => [run, state.id]) });
  }

  function post(message: Post): void {
    postedAt = Date.now();
    tabs?.post(message);
  }

  function beat(isNew: boolean): void {
    post({ beat: clockOffsetMs, isNew });
  }

  function setClock(offsetMs: number): void {
    clockOffsetMs = offsetMs;
    for (const entry of entries.values()) entry.clockOffsetMs = offsetMs;
  }

  function tell(change: Change): void {
    if (apply(change)) post(change);
  }

  /** False when it brings nothing new. What is closed stays so, though a stream it shared with others goes on. */
  function apply({ run, message, state, status }: Change): boolean {
    const entry = entries.get(run);
    if (entry === undefined || entry.status.phase === 'closed') return false;
    const before = { ...entry };
    entry.state = message ? reduce(entry.state, message) : (state ?? entry.state);
    entry.status = status ?? entry.status;
    if (entry.state.done) entry.status = { ...entry.status, phase: 'closed' };
    if (entry.state === before.state && entry.status === before.status) return false;
    for (const listener of entry.listeners) listener(entry);
    if (entry.status.phase === 'closed') settle();
    return true;
  }

  function onPost(message: Post): void {
    if ('want' in message) {
      if (isLeader) answer(message.tab, message.want);
      return;
    }
    tabs?.heard();
    if (isLeader) return;
    if ('run' in message) {
      follow(message);
      return;
    }
    setClock(message.beat);
    if (message.isNew) settle();
  }

  function answer(asking: string, want: [run: string, id: number][]): void {
    others.set(asking, { runs: want.map(([run]) => run), heardAt: Date.now() });
    for (const [run, id] of want) {
      const { state, status } = entryOf(run);
      post({ run, status, state: state.id === id ? undefined : state });
    }
    settle();
  }

  /** This tab may have been frozen, or come late: where a message doesn't join on, it asks for the whole. */
  function follow(change: Change): void {
    const entry = entries.get(change.run);
    if (entry === undefined) return;
    const { message, state, status } = change;
    if (status) entry.isAsked = false;
    if (message?.type === 'progress' && message.id > entry.state.id + 1) {
      if (entry.isAsked) return;
      entry.isAsked = true;
      settle();
      return;
    }
    // A leader that has only just begun knows less than its followers.
    const isNewer = state && (state.id > entry.state.id || (state.ts ?? 0) > (entry.state.ts ?? 0));
    apply({ ...change, state: isNewer ? state : undefined });
  }

  function tend(): void {
    for (const [other, { heardAt }] of others) if (Date.now() - heardAt > FORGET_MS) others.delete(other);
    settle();
    if ([...entries.values()].every(({ listeners }) => listeners.size === 0)) leave();
    else if (isLeader) beat(false);
  }

  function join(): void {
    if (tabs !== undefined) return;
    timer = setInterval(tend, BEAT_MS);
    stopWaking = onWake((isCertain) => (isLeader ? streams.wake(isCertain) : settle()));
    tabs = joinTabs<Post>({
      name,
      onPost,
      onLead() {
        isLeader = true;
        settle();
        // Not from within `joinTabs`, which may call this before it has returned.
        queueMicrotask(() => beat(true));
      },
      onFollow() {
        isLeader = false;
        others.clear();
        streams.want([]);
        settle();
      },
    });
  }

  /** The lock goes to the next tab; also before the page is kept for the back button. */
  function leave(): void {
    clearInterval(timer);
    stopWaking();
    tabs?.leave();
    tabs = undefined;
    isLeader = false;
    others.clear();
    streams.close();
  }

  addEventListener('pagehide', leave);
  addEventListener('pageshow', () => {
    if (entries.size > 0) join();
  });

  return {
    watch(run, listener) {
      const entry = entryOf(run);
      entry.listeners.add(listener);
      listener(entry);
      join();
      settle();
      return () => {
        entry.listeners.delete(listener);
        settle();
      };
    },
  };
}
