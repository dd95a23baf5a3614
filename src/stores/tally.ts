// Counts raw messages by what became of them, and logs the counts at most once a second.
import type { Logger } from 'pino';

/** The normal cases: counted, not logged. */
const SILENT = new Set(['recorded', 'repeat']);
/** What became of the messages, by reason. */
const CONSEQUENCES = new Map([
  ...['too-large', 'not-json', 'not-an-object', 'bad-run-id', 'rejected', 'stale', 'dropped-oldest'].map(
    (reason) => [reason, 'raw messages dropped'] as const,
  ),
  ...[
    'bad-state',
    'bad-progress',
    'bad-log',
    'bad-data',
    'bad-current',
    'bad-total',
    'bad-advance',
    'bad-attempt',
  ].map((reason) => [reason, 'raw messages recorded without a bad field'] as const),
  ['before-marker', 'raw messages came too early for this server to record them'],
  ['heard-before', 'raw messages are taken for those that the node before has delivered'],
  ['superseded', 'raw messages of an attempt that a higher one has followed are not recorded'],
  ['bad-marker', 'a marker is none of ours'],
  ['repeated-later', 'raw messages wait for Redis'],
]);
const LOG_INTERVAL_MS = 1000;

export interface Tally {
  /** `detail` makes an example for the log: one per reason and interval. */
  count(reason: string, detail?: () => string, times?: number): void;
  /** Totals by reason since the start; every reason that is known, also one that has not come up. */
  totals(): ReadonlyMap<string, number>;
}

export function createTally(log: Logger): Tally {
  // From 0 on: what appears with its first count has, to Prometheus, not increased.
  const totals = new Map([...SILENT, ...CONSEQUENCES.keys()].map((reason) => [reason, 0]));
  let fresh = new Map<string, { times: number; detail?: string | undefined }>();
  let isScheduled = false;

  function report() {
    isScheduled = false;
    const reasons = fresh;
    fresh = new Map();
    for (const [reason, { times, detail }] of reasons)
      log.warn({ reason, times, detail }, CONSEQUENCES.get(reason) ?? 'raw messages');
  }

  return {
    count: (reason, detail, times = 1) => {
      totals.set(reason, (totals.get(reason) ?? 0) + times);
      if (SILENT.has(reason)) return;
      const known = fresh.get(reason);
      fresh.set(reason, { times: (known?.times ?? 0) + times, detail: known ? known.detail : detail?.() });
      if (!isScheduled) setTimeout(report, LOG_INTERVAL_MS).unref();
      isScheduled = true;
    },
    totals: () => totals,
  };
}
