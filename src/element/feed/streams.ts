// Holds connections for whatever set of runs is wanted, as few as it can.
import type { ConnectionStatus } from '../connection-status.ts';
import type { Message } from '../message.ts';
import { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
import { afterRefusal, groupRuns, isCovered } from './plan.ts';

export interface StreamsOptions extends Omit<ConnectionOptions, 'runs' | 'onStatus'> {
  onStatus(run: string, status: ConnectionStatus): void;
}

export interface Streams {
  /** Replaces what is wanted, at once: what is over is closed before its connection can think of coming back. */
  want(runs: readonly string[]): void;
  wake(isCertain: boolean): void;
}

interface Group {
  /**
   * Of those that were asked for, what has been wanted ever since. A run that was let go in between has missed events,
   * and no stream tells of them twice: it begins anew in another group.
   */
  runs: readonly string[];
  readonly connection: Connection;
}

const keyOf = (runs: readonly string[]) => JSON.stringify(runs);

export function createStreams(options: StreamsOptions): Streams {
  const open = new Set<Group>();

  function want(wanted: readonly string[]): void {
    for (const group of open) group.runs = group.runs.filter((run) => wanted.includes(run));
    const groups = [...open].map(({ runs }) => runs).filter((runs) => runs.length > 0);
    const next = new Set((isCovered(groups, wanted) ? groups : groupRuns(wanted)).map(keyOf));
    for (const group of open) {
      if (next.delete(keyOf(group.runs))) continue;
      group.connection.close();
      open.delete(group);
    }
    for (const key of next) openGroup(JSON.parse(key));
  }

  function openGroup(runs: readonly string[]): void {
    const onStatus = (status: ConnectionStatus) => {
      const parts = status.phase === 'refused' ? afterRefusal(runs) : [];
      if (parts.length > 0) {
        open.delete(group);
        parts.forEach(openGroup);
      } else for (const run of group.runs) options.onStatus(run, status);
    };
    const onMessage = (message: Message) => {
      if (group.runs.includes(message.run_id)) options.onMessage(message);
    };
    const group = { runs, connection: openConnection({ ...options, runs, onStatus, onMessage }) };
    open.add(group);
  }

  return {
    want,
    wake(isCertain) {
      for (const { connection } of open) connection.wake(isCertain);
    },
  };
}
