// Room for the events of idle runs: the open ones that nobody reads. They stay in memory for a while, so that polls and
// reconnections are served from there. All together they may hold so much; beyond it the ones that were used longest ago
// forget their events. Runs with readers are not touched.
import type { FollowedRun } from './followed-run.ts';
import type { History } from './history.ts';
import type { Run } from './run.ts';

export interface IdleRoom {
  /** The run's events were read from the store: `look` soon, if there may be no room for them. */
  hasRead(run: Run): void;
  /** Looks at all open runs. Costs each run whose history has changed since the last look a sum. */
  look(): void;
  /** What idle runs held after the last look. */
  characters(): number;
  close(): void;
}

/** Thousands of ordinary runs: a hundred short lines are some 20,000 characters. */
export const MAX_IDLE_CHARACTERS = 64 * 1024 * 1024;

export function createIdleRoom(maxCharacters: number, openRuns: () => Iterable<FollowedRun>): IdleRoom {
  const measured = new WeakMap<History, { lastId: number; characters: number }>();
  let characters = 0;
  let readSince = 0;
  let soon: NodeJS.Immediate | undefined;

  function charactersOf({ history }: Run): number {
    const known = measured.get(history);
    if (known?.lastId === history.lastId) return known.characters;
    const { lastId, events } = history;
    const sum = events.reduce((length, { json }) => length + json.length, 0);
    measured.set(history, { lastId, characters: sum });
    return sum;
  }

  function look() {
    clearImmediate(soon);
    soon = undefined;
    readSince = 0;
    // What is being compared with the store is about to be used.
    const idle = [...openRuns()].filter(
      ({ run, isSyncing }) => !run.isInUse && !isSyncing && run.history.lastId !== 0,
    );
    characters = idle.reduce((sum, { run }) => sum + charactersOf(run), 0);
    if (characters <= maxCharacters) return;
    for (const followed of idle.sort((a, b) => a.usedAt - b.usedAt)) {
      characters -= charactersOf(followed.run);
      followed.forget();
      if (characters <= maxCharacters) return;
    }
  }

  return {
    hasRead: (run) => {
      readSince += charactersOf(run);
      // Whoever has asked for the run uses it in this turn, or holds it.
      if (characters + readSince > maxCharacters) soon ??= setImmediate(look);
    },
    look,
    characters: () => characters,
    close: () => clearImmediate(soon),
  };
}
