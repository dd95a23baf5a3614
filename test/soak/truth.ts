// The truth: every event that Redis has recorded, read from its lists while they grow.
import type { Redis } from 'ioredis';
import { parseEntry } from '../../src/runs/event.ts';
import type { ProgressMessage } from '../support/messages.ts';

/** A history from its first event on. FLUSHALL ends it, and the run begins another one. */
export interface Life {
  readonly events: readonly ProgressMessage[];
}

export interface Truth {
  /** Looks after these runs from now on. */
  add(runId: string): void;
  /** From now on only `refreshAll` looks after it. */
  rest(runId: string): void;
  /** Reads what has come. Reject when Redis goes away meanwhile. */
  refresh(): Promise<void>;
  refreshAll(): Promise<void>;
  lives(runId: string): readonly Life[];
  /** The run's newest event, if its list was not lost since. */
  last(runId: string): ProgressMessage | undefined;
  /** FLUSHALL, in one step with the reading of what it deletes. */
  flush(): Promise<void>;
}

const TAKE_ALL_AND_FLUSH = `
local all = {}
for _, key in ipairs(redis.call('KEYS', 'autoshorts:run:*')) do
  all[#all + 1] = {key, redis.call('LRANGE', key, 0, -1)}
end
redis.call('FLUSHALL')
return all`;

const keyOf = (runId: string) => `autoshorts:run:${runId}`;

/** `onRecorded` is called for each event when it is first seen. */
export function createTruth(client: Redis, onRecorded: (event: ProgressMessage) => void): Truth {
  const runs = new Map<string, { events: ProgressMessage[] }[]>();
  const resting = new Set<string>();
  // What is read and what is flushed must not get mixed up.
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn(step: () => Promise<void>): Promise<void> {
    const done = turn.then(step);
    turn = done.catch(() => {}); // Thrown to whoever asked for it.
    return done;
  }

  function currentLife(runId: string): { events: ProgressMessage[] } {
    const lives = runs.get(runId) ?? [];
    runs.set(runId, lives);
    const life = lives.at(-1) ?? { events: [] };
    if (lives.length === 0) lives.push(life);
    return life;
  }

  function append(runId: string, entries: readonly string[]) {
    const life = currentLife(runId);
    for (const entry of entries) {
      const event = parseEntry(entry);
      if (!event) throw new Error(`not an event: ${entry}`);
      const message: ProgressMessage = JSON.parse(event.json);
      life.events.push(message);
      onRecorded(message);
    }
  }

  async function readNews(runIds: readonly string[]) {
    const pipeline = client.pipeline();
    for (const runId of runIds) pipeline.lrange(keyOf(runId), currentLife(runId).events.length, -1);
    const replies = (await pipeline.exec()) ?? [];
    for (const [i, runId] of runIds.entries()) {
      const [error, entries] = replies[i] ?? [new Error('no reply')];
      if (error) throw error;
      append(runId, entries as string[]);
    }
  }

  async function takeAllAndFlush() {
    const taken = (await client.eval(TAKE_ALL_AND_FLUSH, 0)) as [string, string[]][];
    for (const [key, entries] of taken) {
      const runId = key.slice(keyOf('').length);
      append(runId, entries.slice(currentLife(runId).events.length));
      runs.get(runId)?.push({ events: [] });
    }
  }

  return {
    add: (runId) => {
      currentLife(runId);
    },
    rest: (runId) => {
      resting.add(runId);
    },
    refresh: () => inTurn(() => readNews([...runs.keys()].filter((runId) => !resting.has(runId)))),
    refreshAll: () => inTurn(() => readNews([...runs.keys()])),
    lives: (runId) => runs.get(runId) ?? [],
    last: (runId) => runs.get(runId)?.at(-1)?.events.at(-1),
    flush: () => inTurn(takeAllAndFlush),
  };
}
