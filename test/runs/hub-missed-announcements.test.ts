// The hub: what it makes of announcements that were missed. The store in memory announces, a wrapper loses some of it;
// the clock stands still, so that nothing is found by chance at the next look.
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { cursorAfter, SNAPSHOT, START } from '../../src/runs/cursor.ts';
import type { RunEvent } from '../../src/runs/event.ts';
import { createHub } from '../../src/runs/hub.ts';
import type { Snapshot } from '../../src/runs/snapshot.ts';
import type { Store } from '../../src/runs/store.ts';
import { createMemoryStore } from '../../src/stores/memory.ts';
import { createObserved } from '../support/observed.ts';

const LIMIT = 20;

function setUp(t: TestContext) {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const memory = createMemoryStore({
    historyLimit: LIMIT,
    runTtlMs: 60_000,
    finishedTtlMs: 60_000,
    terminalStates: ['END'],
  });
  let isLosing = false;
  let duringRead: (() => Promise<unknown>) | undefined;
  const store: Store = {
    ...memory,
    follow: (runId, onEntries) =>
      memory.follow(runId, (entries) => {
        if (!isLosing) onEntries(entries);
      }),
    read: async (runId) => {
      const entries = await memory.read(runId);
      await duringRead?.();
      duringRead = undefined;
      return entries;
    },
  };
  const hub = createHub({ store, historyLimit: LIMIT, onError: (error) => assert.fail(String(error)) });
  t.after(hub.close);
  let n = 0;
  const record = (log: string) =>
    memory.record([{ runId: 'run', update: { log }, name: { source: 'test', n: ++n } }]);
  return {
    hub,
    record,
    lose: (losing: boolean) => {
      isLosing = losing;
    },
    whileReading: (act: () => Promise<unknown>) => {
      duringRead = act;
    },
  };
}

function createReader() {
  const got: string[] = [];
  const observed = createObserved(() => got.join());
  const add = (text: string) => {
    got.push(text);
    observed.changed();
  };
  return {
    got,
    until: (count: number) => observed.until(`${count} entries`, () => got.length >= count),
    isWritable: () => true,
    snapshot: (snapshot: Snapshot) => add(JSON.parse(snapshot.text()).gap ? 'gap' : 'snapshot'),
    events: (events: readonly RunEvent[]) => {
      for (const { json } of events) add(JSON.parse(json).message);
    },
  };
}

test('an announcement that does not follow the last makes it read the store at once: nothing is missed', async (t) => {
  const { hub, record, lose } = setUp(t);
  const run = await hub.open('run');
  const reader = createReader();
  run.subscribe(reader, SNAPSHOT);
  await record('1');
  lose(true);
  await record('2');
  await record('3');
  lose(false);
  await record('4');
  await reader.until(4);
  assert.deepEqual(reader.got, ['1', '2', '3', '4']);
});

test('what was trimmed before it could be read is announced as a gap', async (t) => {
  const { hub, record, lose } = setUp(t);
  const run = await hub.open('run');
  const reader = createReader();
  run.subscribe(reader, SNAPSHOT);
  await record('first');
  lose(true);
  for (let i = 0; i < LIMIT + 5; i++) await record(`lost ${i}`);
  lose(false);
  await record('last');
  await reader.until(2);
  assert.deepEqual(reader.got, ['first', 'gap']);
});

test('what is announced while the store is read comes after what was read, once', async (t) => {
  const { hub, record, whileReading } = setUp(t);
  await record('before');
  whileReading(async () => {
    await record('meanwhile 1');
    await record('meanwhile 2');
  });
  const run = await hub.open('run', { cursor: START });
  const reader = createReader();
  run.subscribe(reader, START);
  await record('after');
  await reader.until(4);
  assert.deepEqual(reader.got, ['before', 'meanwhile 1', 'meanwhile 2', 'after']);
});

test('readers that open a run at the same time read the store once, and each gets all', async (t) => {
  const { hub, record } = setUp(t);
  await record('1');
  const runs = await Promise.all(Array.from({ length: 20 }, () => hub.open('run', { cursor: START })));
  assert.equal(new Set(runs).size, 1);
  const readers = runs.map((run) => {
    const reader = createReader();
    run.subscribe(reader, START);
    return reader;
  });
  await record('2');
  for (const reader of readers) {
    await reader.until(2);
    assert.deepEqual(reader.got, ['1', '2']);
  }
});

test('a cursor ahead of what is here is compared with the store before it counts as lost', async (t) => {
  const { hub, record, lose } = setUp(t);
  await record('1');
  const run = await hub.open('run');
  lose(true);
  await record('2');
  const cursor = (run.history.lastId ?? 0) + 1;
  const opened = await hub.open('run', { cursor: cursorAfter(cursor) });
  const reader = createReader();
  opened.subscribe(reader, cursorAfter(cursor));
  lose(false);
  await record('3');
  await reader.until(1);
  assert.deepEqual(reader.got, ['3']);
  assert.equal(opened.history.lastId, cursor + 1);
});
