// Holds connections for whatever set of runs is wanted, as few as it can.
import type { ConnectionStatus } from '../connection-status.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { groupRuns, isCovered } from './plan.ts';

export interface StreamsOptions extends Omit<ConnectionOptions, 'runs' | 'onStatus' | 'onFinished'> {
  onStatus(runs: readonly string[], status: ConnectionStatus): void;
  onFinished(runs: readonly string[]): void;
}

export interface Streams {
  /** Replaces what is wanted. Takes effect at once when nothing is open, else a little later, with what else changes. */
  want(runs: readonly string[]): void;
  wake(isCertain: boolean): void;
}

/** Elements come and go in bunches (a table is filled, a list is sorted): one new connection for all of it. */
const SETTLE_MS = 100;

export function createStreams(options: StreamsOptions): Streams {
  let wanted: readonly string[] = [];
  let open: { runs: readonly string[]; connection: Connection }[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function settle(): void {
    timer = undefined;
    open = open.filter(({ runs, connection }) => {
      const isWanted = runs.some((run) => wanted.includes(run));
      if (!isWanted) connection.close();
      return isWanted;
    });
    const groups = open.map(({ runs }) => runs);
    if (isCovered(groups, wanted)) return;
    const wantedGroups = groupRuns(wanted);
    const isSame = (runs: readonly string[]) =>
      wantedGroups.some((group) => group.length === runs.length && group.every((run) => runs.includes(run)));
    open = open.filter(({ runs, connection }) => {
      if (isSame(runs)) return true;
      connection.close();
      return false;
    });
    for (const runs of wantedGroups) {
      if (
        open.some((each) => each.runs.length === runs.length && runs.every((run) => each.runs.includes(run)))
      ) {
        continue;
      }
      const connection = openConnection({
        ...options,
        runs,
        onStatus: (status) => options.onStatus(runs, status),
        onFinished: () => options.onFinished(runs),
      });
      open.push({ runs, connection });
    }
  }

  return {
    want(runs) {
      wanted = runs;
      if (timer !== undefined) return;
      // Not zero: elements that a parser meets one after the other belong together as well.
      timer = setTimeout(settle, open.length === 0 ? 0 : SETTLE_MS);
    },
    wake(isCertain) {
      for (const { connection } of open) connection.wake(isCertain);
    },
  };
}
