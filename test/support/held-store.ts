// A store in memory between which and the hub a test stands: its answers and announcements can be held back, as by a
// Redis that stalls, and its connection can be lost.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HistoryOptions } from '../../src/runs/settings.ts';
import type { Store } from '../../src/runs/store.ts';
import type { Update } from '../../src/runs/update.ts';
import { createMemoryStore } from '../../src/stores/memory.ts';

export interface HeldStore extends Store {
  /** Records, and gives the events' ids. */
  publish(runId: string, ...updates: Update[]): Promise<number[]>;
  /** From now on what is asked of these runs is not answered. */
  holdAnswers(isHeld?: (runId: string) => boolean): void;
  /** Answers what is held back. What is asked afterwards is held back all the same. */
  answer(): void;
  /** Answers, and holds nothing back any more. */
  releaseAnswers(): void;
  /** From now on announcements wait for their release. */
  holdAnnouncements(): void;
  releaseAnnouncements(): void;
  /** Many updates wait to be recorded, it says from now on, or none. */
  setBehind(isBehind: boolean): void;
  /** Questions that wait for an answer. */
  readonly heldCount: number;
  /** What was asked so far: 'follow r', 'readLast r', 'read r', 'unfollow r'. */
  readonly asked: readonly string[];
  /** Every `follow` has ended. */
  lose(): void;
  comeBack(): void;
  /** Fulfilled when all that isn't held back has been answered, and nothing new is asked, nor delivered. */
  whenQuiet(): Promise<void>;
}

export const HELD_STORE_OPTIONS: HistoryOptions = {
  historyLimit: 100,
  runTtlMs: 600_000,
  finishedTtlMs: 600_000,
  terminalStates: ['END'],
};

/** What is asked and answered in a turn of the event loop may lead to more in the next; readers are served in one more. */
const QUIET_TURNS = 3;

export function createHeldStore(options: HistoryOptions = HELD_STORE_OPTIONS): HeldStore {
  const memory = createMemoryStore(options);
  const asked: string[] = [];
  const followed = new Set<string>();
  let isHeld: (runId: string) => boolean = () => false;
  const held: (() => void)[] = [];
  let announcements: (() => void)[] | null = null;
  let notify: (event: 'lost' | 'back') => void = () => {};
  let isBehind = false;
  let n = 0;

  async function ask<T>(what: string, runId: string, answer: () => Promise<T>): Promise<T> {
    asked.push(`${what} ${runId}`);
    if (isHeld(runId)) await new Promise<void>((resolve) => held.push(resolve));
    return answer();
  }

  function answer() {
    for (const resolve of held.splice(0)) resolve();
  }

  function unfollow(runId: string) {
    followed.delete(runId);
    memory.unfollow(runId);
  }

  return {
    ...memory,
    readLast: (runId) => ask('readLast', runId, () => memory.readLast(runId)),
    read: (runId) => ask('read', runId, () => memory.read(runId)),
    follow: (runId, onEntries) =>
      ask('follow', runId, () => {
        followed.add(runId);
        return memory.follow(runId, (entries) => {
          if (announcements) announcements.push(() => onEntries(entries));
          else onEntries(entries);
        });
      }),
    unfollow: (runId) => {
      asked.push(`unfollow ${runId}`);
      unfollow(runId);
    },
    onConnection: (listener) => {
      notify = (event) => listener(event, () => true);
    },
    publish: async (runId, ...updates) => {
      const recordings = updates.map((update) => ({ runId, update, name: { source: 'p', n: ++n } }));
      const outcomes = await memory.record(recordings, { wantEvents: true });
      return outcomes.map((outcome) =>
        outcome.status === 'recorded' ? JSON.parse(outcome.event ?? '').id : 0,
      );
    },
    holdAnswers: (isHeldNow = () => true) => {
      isHeld = isHeldNow;
    },
    answer,
    releaseAnswers: () => {
      isHeld = () => false;
      answer();
    },
    holdAnnouncements: () => {
      announcements ??= [];
    },
    releaseAnnouncements: () => {
      const waiting = announcements ?? [];
      announcements = null;
      for (const announce of waiting) announce();
    },
    isBehind: () => isBehind,
    setBehind: (behind) => {
      isBehind = behind;
    },
    get heldCount() {
      return held.length;
    },
    asked,
    lose: () => {
      for (const runId of [...followed]) unfollow(runId);
      notify('lost');
    },
    comeBack: () => notify('back'),
    whenQuiet: async () => {
      for (let turns = 0, seen = asked.length; turns < QUIET_TURNS; turns++) {
        await nextTurn();
        if (asked.length !== seen) turns = -1;
        seen = asked.length;
      }
    },
  };
}
