// Holds connections for whatever set of runs is wanted, as few as it can.
import type { ConnectionStatus } from '../connection-status.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { afterRefusal, groupRuns, isCovered } from './plan.ts';

export interface StreamsOptions extends Omit<ConnectionOptions, 'runs' | 'onStatus'> {
  onStatus(run: string, status: ConnectionStatus): void;
}

export interface Streams {
  /** Replaces what is wanted. Takes effect at once, but new runs beside open ones wait a little for others. */
  want(runs: readonly string[]): void;
  wake(isCertain: boolean): void;
  /** Now, not later: a page that is being frozen has no later. */
  close(): void;
}

/** Elements come and go in bunches (a table is filled, a list is sorted): one new connection for all of it. */
const SETTLE_MS = 100;

export function createStreams(options: StreamsOptions): Streams {
  let wanted: readonly string[] = [];
  const open = new Map<string, { runs: readonly string[]; connection: Connection }>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const openGroups = () => [...open.values()].map(({ runs }) => runs);

  function settle(): void {
    timer = undefined;
    const groups = openGroups();
    const next = isCovered(groups, wanted)
      ? groups.filter((runs) => runs.some((run) => wanted.includes(run)))
      : groupRuns(wanted);
    const keys = next.map((runs) => JSON.stringify(runs));
    for (const [key, { connection }] of open) {
      if (keys.includes(key)) continue;
      connection.close();
      open.delete(key);
    }
    next.forEach(openGroup);
  }

  function openGroup(runs: readonly string[]): void {
    const key = JSON.stringify(runs);
    if (open.has(key)) return;
    const onStatus = (status: ConnectionStatus) => {
      const parts = status.phase === 'refused' ? afterRefusal(runs) : [];
      if (parts.length > 0) {
        open.delete(key);
        parts.forEach(openGroup);
      } else for (const run of runs) options.onStatus(run, status);
    };
    open.set(key, { runs, connection: openConnection({ ...options, runs, onStatus }) });
  }

  return {
    close() {
      clearTimeout(timer);
      wanted = [];
      settle();
    },
    want(runs) {
      wanted = runs;
      // What is over is closed before its connection can think of coming back.
      const isLess = isCovered(openGroups(), wanted);
      timer ??= setTimeout(settle, open.size === 0 || isLess ? 0 : SETTLE_MS);
    },
    wake(isCertain) {
      for (const { connection } of open.values()) connection.wake(isCertain);
    },
  };
}
