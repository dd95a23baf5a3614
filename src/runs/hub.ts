// The hub: who has which run open here. Opens (subscribe, then read, then follow), re-reads when something was missed,
// and closes runs that nobody watches.
import { type Cursor, SNAPSHOT } from './cursor.ts';
import { parseEntry, type RunEvent } from './event.ts';
import { createDeliveryCounts, createRun, type DeliveryCounts, type Run } from './run.ts';
import type { Store } from './store.ts';
import { createUnknownRuns, TooManyRuns } from './unknown-runs.ts';

export interface HubOptions {
  store: Store;
  historyLimit: number;
  /** How long a run that nobody watches is kept open, so that polls and reconnections are served from memory. */
  idleMs?: number;
  /** Runs open at once: whoever asks for made-up names must not fill the memory. */
  maxOpenRuns?: number;
  onError(error: unknown, runId: string): void;
  /** See `createRun`. */
  onWritten?(events: readonly RunEvent[]): void;
  /** Ms, monotonic: a clock that is set back must not stop the sweeps. */
  now?(): number;
}

export interface OpenOptions {
  cursor?: Cursor;
  /** Who asks: each client may have a share of the runs that nobody has published to. Called for a run that is not open. */
  client?(): string;
  /** For an answer that says "unknown". A stream waits, and hears of the run's start. */
  confirmUnknown?: boolean;
  patienceMs: number;
}

export interface Hub {
  /**
   * The run, opened. Fulfilled when it is in step with the store, and has been compared with it again if `cursor` is
   * ahead of it, or if it has no events and `confirmUnknown` is wished; or after `patienceMs`, when the store is away: then
   * `isSynced` is false, and it catches up by itself. Rejects with TooManyRuns.
   */
  open(runId: string, options: OpenOptions): Promise<Run>;
  counts(): DeliveryCounts & { openRuns: number };
  close(): void;
}

interface OpenRun {
  run: Run;
  /** Who opened it. */
  client: string;
  isFollowed: boolean;
  /** A comparison with the store is under way; `again` asks for another one after it. */
  syncing: Promise<void> | null;
  again: boolean;
  /** What was announced while the store was being read. */
  pending: RunEvent[];
  /** When it was last in use, and last known to be in step: ms, monotonic. */
  usedAt: number;
  checkedAt: number;
}

/** What a flood may announce while the store is read, in histories: beyond it the store is read again. */
const PENDING_HISTORIES = 10;
/** In a flood readers are served so often: nobody reads faster. */
const JOIN_MS = 250;
const SWEEP_MS = 1000;
/**
 * A run that nobody has heard of, and nobody watches, is closed sooner. Longer than whoever opens several runs waits for
 * the slowest of them: it reads all of them only then.
 */
const UNKNOWN_IDLE_MS = 5000;
/** A quiet run is compared with the store so often: whatever was lost unheard comes to light by it. */
const RECHECK_MS = 15_000;
/** After a loss of connection thousands of runs are compared; so many at a time. */
const SYNCS_AT_ONCE = 50;

export function createHub(options: HubOptions): Hub {
  const { store, historyLimit, idleMs = 30_000, maxOpenRuns = 50_000, onError } = options;
  const { now = () => performance.now() } = options;
  const runs = new Map<string, OpenRun>();
  const unknown = createUnknownRuns(maxOpenRuns);
  const counts = createDeliveryCounts();
  let dirty = new Set<Run>();
  let flushSoon: NodeJS.Immediate | undefined;
  let flushLater: NodeJS.Timeout | undefined;
  let isSweeping = false;

  store.onConnection((event, concerns) => {
    const concerned = [...runs.values()].filter(({ run }) => concerns(run.runId));
    if (event === 'lost') for (const open of concerned) interrupt(open);
    else void syncAll(concerned.filter(({ run }) => !run.isSynced));
  });
  const sweeper = setInterval(sweep, SWEEP_MS).unref();

  async function openRun(runId: string, client: string): Promise<OpenRun> {
    if (unknown.isFullFor(client)) await checkKnown(runId);
    // Somebody else may have opened it meanwhile.
    return runs.get(runId) ?? addRun(runId, client);
  }

  function addRun(runId: string, client: string): OpenRun {
    if (runs.size >= maxOpenRuns) throw new TooManyRuns(`${maxOpenRuns} runs are open`);
    const run = createRun(runId, historyLimit, () => hasChanged(open), counts, options.onWritten);
    const at = now();
    const open: OpenRun = {
      run,
      client,
      isFollowed: false,
      syncing: null,
      again: false,
      pending: [],
      usedAt: at,
      checkedAt: 0,
    };
    runs.set(runId, open);
    unknown.add(runId, client);
    return open;
  }

  /** Where there is no room for another unknown run, the store must know it before it is opened. */
  async function checkKnown(runId: string) {
    const last = await store.readLast(runId).catch((error) => {
      onError(error, runId);
      return null;
    });
    if (last === null) throw new TooManyRuns('too many runs are open that nobody has published to');
  }

  function hasChanged(open: OpenRun) {
    const { run, client } = open;
    if (run.history.lastId !== 0) unknown.remove(run.runId);
    else if (runs.get(run.runId) === open) unknown.add(run.runId, client);
    markDirty(run);
  }

  /**
   * Subscribers are served once per turn of the event loop, with all that it brought; in a flood less often, as a reader
   * costs a write however many events are in it.
   */
  function markDirty(run: Run) {
    dirty.add(run);
    if (!store.isBehind()) flushSoon ??= setImmediate(flushDirty);
    else flushLater ??= setTimeout(flushDirty, JOIN_MS);
  }

  function flushDirty() {
    clearImmediate(flushSoon);
    clearTimeout(flushLater);
    flushSoon = undefined;
    flushLater = undefined;
    const batch = dirty;
    dirty = new Set();
    for (const run of batch) run.flush();
  }

  function announce(open: OpenRun, entry: string) {
    const event = parseEntry(entry);
    if (!event) return;
    open.checkedAt = now();
    if (open.syncing) {
      open.pending.push(event);
      if (open.pending.length > PENDING_HISTORIES * historyLimit) open.pending.shift();
    } else if (!open.run.apply(event)) void sync(open);
  }

  function interrupt(open: OpenRun) {
    open.isFollowed = false;
    open.run.setSynced(false);
  }

  /** Compares the run with the store, one comparison at a time. Never rejects. */
  function sync(open: OpenRun): Promise<void> {
    // Closed while it waited for its turn: its name may have been opened anew.
    if (runs.get(open.run.runId) !== open) return Promise.resolve();
    if (open.syncing) open.again = true;
    open.syncing ??= syncUntilSettled(open);
    return open.syncing;
  }

  async function syncUntilSettled(open: OpenRun) {
    try {
      do {
        open.again = false;
        await readStore(open);
        applyPending(open);
      } while (open.again);
      open.checkedAt = now();
      // The connection may have gone while the answer was on its way.
      if (open.isFollowed) open.run.setSynced(true);
    } catch (error) {
      // The store is away or refuses: its return, or the sweep, brings the next try.
      open.run.setSynced(false);
      open.pending = [];
      onError(error, open.run.runId);
    }
    // In the same turn in which `pending` was emptied: what is announced from now on is applied at once.
    open.syncing = null;
  }

  function applyPending(open: OpenRun) {
    for (const event of open.pending.splice(0)) {
      // What the list had trimmed already when it was read is no news, or a fast run would be read for ever.
      if (event.id >= open.run.history.firstId && !open.run.apply(event)) open.again = true;
    }
  }

  async function readStore(open: OpenRun) {
    const { run } = open;
    if (!open.isFollowed) {
      open.isFollowed = true;
      try {
        await store.follow(run.runId, (entries) => {
          for (const entry of entries) announce(open, entry);
        });
      } catch (error) {
        open.isFollowed = false;
        throw error;
      }
    }
    // Mostly nothing was missed, and the last entry says so.
    const { last } = run.history;
    if (last && parseEntry((await store.readLast(run.runId)) ?? '')?.json === last.json) return;
    const entries = await store.read(run.runId);
    run.merge(entries.map(parseEntry).filter((event) => event !== null));
  }

  async function syncAll(all: OpenRun[]) {
    const queue = all[Symbol.iterator]();
    const worker = async () => {
      for (const open of queue) await sync(open);
    };
    await Promise.all(Array.from({ length: SYNCS_AT_ONCE }, worker));
  }

  function keptMs({ run }: OpenRun): number {
    return run.history.lastId === 0 ? Math.min(UNKNOWN_IDLE_MS, idleMs) : idleMs;
  }

  async function sweep() {
    // One at a time, or a store that is slow would never be done with the first.
    if (isSweeping) return;
    isSweeping = true;
    const at = now();
    const due: OpenRun[] = [];
    for (const open of runs.values()) {
      if (open.run.subscriberCount > 0) open.usedAt = at;
      else if (!open.syncing && at - open.usedAt > keptMs(open)) {
        runs.delete(open.run.runId);
        unknown.remove(open.run.runId);
        store.unfollow(open.run.runId);
        continue;
      }
      if (!open.syncing && (!open.run.isSynced || at - open.checkedAt > RECHECK_MS)) due.push(open);
    }
    if (due.length > 0) await syncAll(due);
    isSweeping = false;
  }

  return {
    open: async (runId, { cursor = SNAPSHOT, client = nobody, confirmUnknown = false, patienceMs }) => {
      const open = runs.get(runId) ?? (await openRun(runId, client()));
      open.usedAt = now();
      // Until the store has been asked, a newer cursor says that this server is behind, not that the reader is lost; and a
      // run without events may have started unheard.
      const { run } = open;
      if (run.isBehind(cursor) || (confirmUnknown && run.history.lastId === 0)) open.run.setSynced(false);
      if (!open.run.isSynced) await within(patienceMs, sync(open));
      return open.run;
    },
    counts: () => ({ ...counts, openRuns: runs.size }),
    close: () => {
      clearInterval(sweeper);
      clearImmediate(flushSoon);
      clearTimeout(flushLater);
      for (const runId of runs.keys()) store.unfollow(runId);
      runs.clear();
    },
  };
}

const nobody = () => '';

async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
