// A run and the store: subscribes to its announcements, then reads the list, then follows. Reads the list again when
// something was missed.
import { parseEntry, type RunEvent } from './event.ts';
import type { Run } from './run.ts';
import type { Store } from './store.ts';

export interface FollowedRun {
  readonly run: Run;
  /** The run is being compared with the store. */
  readonly isSyncing: boolean;
  /** When the run was last known to be in step with the store: ms, monotonic; 0: never. */
  readonly checkedAt: number;
  /** When it was last in use: ms, monotonic. The hub writes it. */
  usedAt: number;
  /** Compares the run with the store, one comparison at a time. Never rejects: the run's `isSynced` tells. */
  sync(): Promise<void>;
  /** Announcements are being missed: the next `sync` follows anew. */
  interrupt(): void;
  /** Gives up what it holds until the next `sync`. Nobody must be reading it, or comparing it with the store. */
  forget(): void;
  /** It has forgotten its events, and has not been read since. */
  readonly hasForgotten: boolean;
  close(): void;
}

export interface FollowOptions {
  store: Store;
  /** How many events a history holds. */
  historyLimit: number;
  onError(error: unknown, runId: string): void;
  /** Ms, monotonic. */
  now(): number;
}

/** How much may be announced while the store is read, in histories. Beyond it the store is read again. */
const PENDING_HISTORIES = 10;

export function followRun(run: Run, { store, historyLimit, onError, now }: FollowOptions): FollowedRun {
  const { runId } = run;
  let isFollowed = false;
  let isClosed = false;
  let hasForgotten = false;
  let syncing: Promise<void> | null = null;
  /** Another comparison is needed after the one under way. */
  let again = false;
  /** What was announced while the store was being read. */
  let pending: RunEvent[] = [];
  let checkedAt = 0;

  function announce(entries: readonly string[]) {
    for (const entry of entries) {
      const event = parseEntry(entry);
      if (!event) continue;
      checkedAt = now();
      if (syncing) {
        pending.push(event);
        if (pending.length > PENDING_HISTORIES * historyLimit) pending.shift();
      } else if (!run.apply(event)) void sync();
    }
  }

  function sync(): Promise<void> {
    // The run may have been closed while it waited for its turn, and opened again under the same name.
    if (isClosed) return Promise.resolve();
    if (syncing) again = true;
    syncing ??= syncUntilSettled();
    return syncing;
  }

  async function syncUntilSettled() {
    try {
      do {
        again = false;
        await readStore();
        applyPending();
      } while (again);
      checkedAt = now();
      // The connection may have broken while the answer was on its way.
      if (isFollowed) run.setSynced(true);
    } catch (error) {
      // The store is away or refuses. The next try comes with its return, or with the hub's next sweep.
      run.setSynced(false);
      pending = [];
      onError(error, runId);
    }
    // In the same turn in which `pending` was emptied, so that no announcement falls between.
    syncing = null;
  }

  function applyPending() {
    for (const event of pending.splice(0)) {
      // The list had already trimmed older events when it was read. To read it again for them would never end on a fast run.
      if (event.id >= run.history.firstId && !run.apply(event)) again = true;
    }
  }

  async function readStore() {
    hasForgotten = false;
    await follow();
    // The last entry alone tells whether something was missed. Mostly nothing was.
    const { last } = run.history;
    if (last && parseEntry((await store.readLast(runId)) ?? '')?.json === last.json) return;
    const entries = await store.read(runId);
    run.merge(entries.map(parseEntry).filter((event) => event !== null));
  }

  async function follow() {
    if (isFollowed) return;
    isFollowed = true;
    try {
      await store.follow(runId, announce);
    } catch (error) {
      isFollowed = false;
      throw error;
    }
  }

  return {
    run,
    get isSyncing() {
      return syncing !== null;
    },
    get checkedAt() {
      return checkedAt;
    },
    usedAt: now(),
    sync,
    interrupt: () => {
      isFollowed = false;
      run.setSynced(false);
    },
    forget: () => {
      hasForgotten = true;
      isFollowed = false;
      store.unfollow(runId);
      run.forget();
    },
    get hasForgotten() {
      return hasForgotten;
    },
    close: () => {
      isClosed = true;
      store.unfollow(runId);
    },
  };
}
