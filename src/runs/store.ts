// The store: where history lives. Redis and memory both keep this contract (test/stores/store-contract.ts).
import type { LatencyTotals } from './latency.ts';
import type { Recording } from './recording.ts';

/** What became of one update. */
export type Outcome =
  /** In the history, and announced. The event's JSON only when it was asked for. */
  | { status: 'recorded'; event?: string }
  /** It was recorded before, by its name; or by its key, then with the first one's event. Or it is a sign of life too many. */
  | { status: 'repeat'; event?: string }
  /** Its epoch is older than the remembered ones: it can't be told from a repeat, and counts as one. */
  | { status: 'stale' }
  /** The run has seen a higher attempt. */
  | { status: 'superseded' }
  /** Refused for this run alone, and for good. */
  | { status: 'rejected'; reason: string }
  /** Not recorded, and not announced, for certain. It may be tried again. */
  | { status: 'refused'; reason: string }
  /** The connection broke after sending. Trying again with the same name is safe. */
  | { status: 'unknown'; reason: string };

export interface LinkState {
  isUp: boolean;
  /** How often it came back after it had been up. */
  reconnections: number;
}

export interface StoreStatus {
  ready: boolean;
  /** Why it isn't ready, for people. */
  reason?: string;
}

export type ConnectionListener = (event: 'lost' | 'back', concerns: (runId: string) => boolean) => void;

export interface Store {
  /**
   * Records updates in the order given, and calls in the order made; each atomically: in the history before it is
   * announced. Never rejects: an outcome for each, in order. Of one run none is recorded behind one that was refused.
   */
  record(recordings: readonly Recording[], options?: { wantEvents?: boolean }): Promise<Outcome[]>;

  /** The entries of a run's history, oldest first; empty for a run that is unknown or has expired. */
  read(runId: string): Promise<string[]>;

  /** The newest entry alone: cheap. */
  readLast(runId: string): Promise<string | null>;

  /**
   * From when the promise is fulfilled, every event that is recorded is announced to `onEntries`, in order, until
   * `unfollow` or a loss of connection (see `onConnection`). Rejects when the store can't promise that now. One follower
   * per run.
   */
  follow(runId: string, onEntries: (entries: readonly string[]) => void): Promise<void>;
  unfollow(runId: string): void;

  /** `lost`: announcements of these runs are being missed and their `follow` has ended. `back`: it can be made again. */
  onConnection(listener: ConnectionListener): void;

  /** Updates wait to be recorded, more than one step can: many announcements are about to come. */
  isBehind(): boolean;

  /** What became of raw messages, by reason, since the start: how many were 'recorded', a 'repeat', 'too-large' … */
  rawOutcomes(): ReadonlyMap<string, number>;
  /** Updates that wait to be recorded. */
  waiting(): number;
  /** From hearing a raw message until it is recorded. */
  rawLatency(): LatencyTotals;
  /** Of each connection to where the histories live, by what it is for. Empty for a store in this process. */
  links(): ReadonlyMap<string, LinkState>;

  /**
   * The clock that stamps events: ms since 1970. What readers compare with a `ts` comes from here; between two looks at
   * the store's clock it goes on by the host's monotonic one.
   */
  now(): number;

  /** Asks, and answers within two seconds. */
  status(): Promise<StoreStatus>;
  close(): Promise<void>;
}
