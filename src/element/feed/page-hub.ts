// What all elements of a page share for one service: what is known of each run, and one connection for it, wherever in
// the browser that is held.
import type { TransportName } from '../connection-status.ts';
import { applyChange, type Change, isSettled, type KnownRun, type Listener, newRun } from './known-run.ts';
import { createStreams } from './streams.ts';
import { joinTabs, type Tabs } from './tab-leader.ts';
import type { Endpoint } from './transport.ts';
import { onWake } from './wake.ts';

export interface HubTarget extends Endpoint {
  transport: TransportName | 'auto';
}

export interface Hub {
  /** Tells what is known at once, then on every change, until the returned function is called. */
  watch(run: string, listener: Listener): () => void;
}

/** What tabs tell one another. Followers say what they want, and what they have of it; the leader all else. */
type Post = { tab: string; want: [run: string, id: number][] } | { beat: number; isNew: boolean } | Change;

const BEAT_MS = 15_000;
const SETTLE_MS = 100;
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
  const runs = new Map<string, KnownRun>();
  /** What the other tabs want of this one, while it leads. */
  const others = new Map<string, { runs: string[]; heardAt: number }>();
  const tab = String(Math.random());
  let tabs: Tabs<Post> | undefined;
  let isLeader = false;
  let clockOffsetMs = 0;
  let postedAt = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let soon: ReturnType<typeof setTimeout> | undefined;

  const streams = createStreams({
    endpoint: target,
    transport: target.transport,
    cursorOf: (run) => knownOf(run).state.id,
    onMessage: (message) => tell({ run: message.run_id, message }),
    onStatus: (run, status) => tell({ run, status }),
    onAlive(serverMs) {
      if (serverMs) clockOffsetMs = serverMs - Date.now();
      if (Date.now() - postedAt > BEAT_MS / 3) beat(false);
    },
  });

  function knownOf(run: string): KnownRun {
    const known = runs.get(run) ?? newRun();
    runs.set(run, known);
    return known;
  }

  /** Has the streams, or the tab that leads, follow what is wanted here by now. */
  function settle(): void {
    clearTimeout(soon);
    soon = undefined;
    const elsewhere = [...others.values()].flatMap((other) => other.runs);
    for (const [run, { listeners }] of runs) {
      if (listeners.size === 0 && !elsewhere.includes(run)) runs.delete(run);
    }
    const all = [...runs];
    if (isLeader) streams.want(all.filter(([, known]) => !isSettled(known)).map(([run]) => run));
    else post({ tab, want: all.map(([run, { state }]) => [run, state.id]) });
  }

  /**
   * Elements come and go in bunches (a table is filled), or leave and are back at once (it is sorted): what is known of
   * them stays, and one new connection does for all.
   */
  function settleSoon(): void {
    soon ??= setTimeout(settle, runs.size > 1 ? SETTLE_MS : 0);
  }

  function post(message: Post): void {
    postedAt = Date.now();
    tabs?.post(message);
  }

  function beat(isNew: boolean): void {
    post({ beat: clockOffsetMs, isNew });
  }

  function tell(change: Change): void {
    if (apply(change)) post(change);
  }

  function apply(change: Change): boolean {
    const known = runs.get(change.run);
    if (known === undefined || !applyChange(known, change)) return false;
    for (const listener of known.listeners) listener({ ...known, clockOffsetMs });
    if (isSettled(known)) settle();
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
    clockOffsetMs = message.beat;
    if (message.isNew) settle();
  }

  function answer(asking: string, want: [run: string, id: number][]): void {
    others.set(asking, { runs: want.map(([run]) => run), heardAt: Date.now() });
    for (const [run, id] of want) {
      const { state, status } = knownOf(run);
      post({ run, status, state: state.id === id ? undefined : state });
    }
    settleSoon();
  }

  /** This tab may have been frozen, or come late: where a message doesn't join on, it asks for the whole. */
  function follow(change: Change): void {
    const known = runs.get(change.run);
    if (known === undefined) return;
    const { message, state, status } = change;
    if (status) known.isAsked = false;
    if (message?.type === 'progress' && message.id > known.state.id + 1) {
      if (known.isAsked) return;
      known.isAsked = true;
      settle();
      return;
    }
    // A leader that has only just begun knows less than its followers.
    const isNewer = state && (state.id > known.state.id || (state.ts ?? 0) > (known.state.ts ?? 0));
    apply({ ...change, state: isNewer ? state : undefined });
  }

  function tend(): void {
    for (const [other, { heardAt }] of others) if (Date.now() - heardAt > FORGET_MS) others.delete(other);
    settle();
    if ([...runs.values()].every(({ listeners }) => listeners.size === 0)) leave();
    else if (isLeader) beat(false);
  }

  function join(): void {
    if (timer !== undefined) return;
    timer = setInterval(tend, BEAT_MS);
    tabs = joinTabs<Post>({
      name,
      onPost,
      onLead() {
        isLeader = true;
        settle();
        beat(true);
      },
      onFollow() {
        stepDown();
        settle();
      },
    });
  }

  /** Lets go of what only the leader holds. */
  function stepDown(): void {
    isLeader = false;
    others.clear();
    // Now, not later: a page that is being frozen has no later.
    streams.want([]);
  }

  /** The lock goes to the next tab; also before the page is kept for the back button. */
  function leave(): void {
    clearInterval(timer);
    timer = undefined;
    tabs?.leave();
    tabs = undefined;
    stepDown();
  }

  onWake((isCertain) => (isLeader ? streams.wake(isCertain) : settle()));
  addEventListener('pagehide', leave);
  addEventListener('pageshow', () => {
    if (runs.size > 0) join();
  });

  return {
    watch(run, listener) {
      const known = knownOf(run);
      known.listeners.add(listener);
      listener({ ...known, clockOffsetMs });
      join();
      settleSoon();
      return () => {
        known.listeners.delete(listener);
        settleSoon();
      };
    },
  };
}
