// The hub: which runs are open here. It opens a run for its first reader, compares open runs with the store now and then,
// and closes runs that nobody watches. How a run is kept in step with the store is in followed-run.ts.
import { type Cursor, SNAPSHOT } from './cursor.ts';
import type { RunEvent } from './event.ts';
import { type FollowedRun, followRun } from './followed-run.ts';
import { createIdleRoom, MAX_IDLE_CHARACTERS } from './idle-room.ts';
import { createDeliveryCounts, createRun, type DeliveryCounts, type Run } from './run.ts';
import type { Store } from './store.ts';
import { createTurns } from './turns.ts';
import { createUnknownRuns, TooManyRuns } from './unknown-runs.ts';
import { within } from './within.ts';

export interface HubOptions {
  store: Store;
  historyLimit: number;
  /** How long a run without readers stays open, so that polls and reconnections are served from memory. */
  idleMs?: number;
  /** Runs open at once: requests for made-up names must not fill the memory. */
  maxOpenRuns?: number;
  /** Of the events of all runs without readers. */
  maxIdleCharacters?: number;
  onError(error: unknown, runId: string): void;
  /** See `createRun`. */
  onWritten?(events: readonly RunEvent[]): void;
  /** How long `open` waits while the store is away. */
  patienceMs?: number;
  /** A monotonic clock in ms: one that is set back would stop the sweeps. */
  now?(): number;
}

export interface OpenOptions {
  cursor?: Cursor;
  /** Who asks. Each client may have a share of the unknown runs. Called only for a run that is not open. */
  client?(): string;
  /** The answer depends on whether the run is unknown. A stream needs no such check: it waits for the run's start. */
  confirmUnknown?: boolean;
}

export interface Hub {
  /**
   * Opens a run. Fulfilled when the run is in step with the store. The run is compared with the store again if `cursor` is
   * ahead of it, and, with `confirmUnknown`, if it has no events. When the store is away the promise is fulfilled after
   * `patienceMs`; `isSynced` is then false, and the run catches up by itself. Rejects with TooManyRuns.
   */
  open(runId: string, options?: OpenOptions): Promise<Run>;
  counts(): DeliveryCounts & { openRuns: number; idleCharacters: number };
  close(): void;
}

const SWEEP_MS = 1000;
/**
 * An unknown run without readers is closed sooner. A request for several runs reads them when the slowest of them is
 * open; this is longer than that takes.
 */
const UNKNOWN_IDLE_MS = 5000;
/** How often a quiet run is compared with the store. This finds losses that nothing announced, a FLUSHALL for example. */
const RECHECK_MS = 15_000;
/** After a loss of connection thousands of runs are compared, this many at a time. */
const SYNCS_AT_ONCE = 50;

export function createHub(options: HubOptions): Hub {
  const { store, historyLimit, idleMs = 30_000, maxOpenRuns = 50_000, patienceMs = 2000 } = options;
  const { onError, now = () => performance.now(), maxIdleCharacters = MAX_IDLE_CHARACTERS } = options;
  const runs = new Map<string, FollowedRun>();
  const unknown = createUnknownRuns(maxOpenRuns);
  const counts = createDeliveryCounts();
  const turns = createTurns(store.isBehind);
  const idleRoom = createIdleRoom(maxIdleCharacters, () => runs.values());
  const follow = { store, historyLimit, onError, now };
  let isSweeping = false;

  store.onConnection((event, concerns) => {
    const concerned = [...runs.values()].filter(({ run }) => concerns(run.runId));
    if (event === 'lost') for (const followed of concerned) followed.interrupt();
    else void syncAll(concerned.filter(hasMissed));
  });
  const sweeper = setInterval(sweep, SWEEP_MS).unref();

  /** What a run has forgotten is read again when somebody wants it. */
  function hasMissed({ run, hasForgotten }: FollowedRun): boolean {
    return !run.isSynced && (!hasForgotten || run.isInUse);
  }

  async function openRun(runId: string, client: string): Promise<FollowedRun> {
    if (unknown.isFullFor(client)) await checkKnown(runId);
    // Another request may have opened it meanwhile.
    return runs.get(runId) ?? addRun(runId, client);
  }

  function addRun(runId: string, client: string): FollowedRun {
    if (runs.size >= maxOpenRuns) throw new TooManyRuns(`${maxOpenRuns} runs are open`);
    const onDirty = () => {
      if (run.history.lastId !== 0) unknown.remove(runId);
      else if (runs.get(runId)?.run === run) unknown.add(runId, client);
      turns.markDirty(run);
    };
    const run = createRun(runId, historyLimit, onDirty, counts, options.onWritten);
    const followed = followRun(run, follow);
    runs.set(runId, followed);
    unknown.add(runId, client);
    return followed;
  }

  /** There is no room for another unknown run, so the store must know this one. */
  async function checkKnown(runId: string) {
    const last = await store.readLast(runId).catch((error) => {
      onError(error, runId);
      return null;
    });
    if (last === null) throw new TooManyRuns('too many runs are open that nobody has published to');
  }

  async function syncAll(all: FollowedRun[]) {
    const queue = all[Symbol.iterator]();
    const worker = async () => {
      for (const followed of queue) await followed.sync();
    };
    await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, worker));
  }

  async function sweep() {
    // One at a time: with a slow store the sweeps would pile up.
    if (isSweeping) return;
    isSweeping = true;
    const at = now();
    closeIdle(at);
    idleRoom.look();
    const due = [...runs.values()].filter((followed) => !followed.isSyncing && isDue(followed, at));
    if (due.length > 0) await syncAll(due);
    isSweeping = false;
  }

  function isDue(followed: FollowedRun, at: number): boolean {
    return hasMissed(followed) || (followed.run.isSynced && at - followed.checkedAt > RECHECK_MS);
  }

  function closeIdle(at: number) {
    for (const followed of runs.values()) {
      const { run, isSyncing, usedAt } = followed;
      if (run.isInUse) followed.usedAt = at;
      else if (!isSyncing && at - usedAt > keptMs(run)) close(followed);
    }
  }

  function keptMs({ history }: Run): number {
    return history.lastId === 0 ? Math.min(UNKNOWN_IDLE_MS, idleMs) : idleMs;
  }

  function close(followed: FollowedRun) {
    const { runId } = followed.run;
    runs.delete(runId);
    unknown.remove(runId);
    followed.close();
  }

  return {
    open: async (runId, { cursor = SNAPSHOT, client = nobody, confirmUnknown = false } = {}) => {
      const followed = runs.get(runId) ?? (await openRun(runId, client()));
      followed.usedAt = now();
      const { run } = followed;
      // A cursor ahead of the run may mean that this server is behind: only the store can tell. And a run without events may
      // have started without this server hearing of it.
      if (run.isBehind(cursor) || (confirmUnknown && run.history.lastId === 0)) run.setSynced(false);
      if (!run.isSynced) {
        await within(patienceMs, followed.sync());
        idleRoom.hasRead(run);
      }
      return run;
    },
    counts: () => ({ ...counts, openRuns: runs.size, idleCharacters: idleRoom.characters() }),
    close: () => {
      clearInterval(sweeper);
      turns.close();
      idleRoom.close();
      for (const followed of runs.values()) close(followed);
    },
  };
}

const nobody = () => '';
