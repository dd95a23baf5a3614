// What the open runs hold that nobody reads: it is bounded, runs with readers are not touched, and nobody misses anything.
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { cursorAfter, SNAPSHOT } from '../../src/runs/cursor.ts';
import { createHub } from '../../src/runs/hub.ts';
import { createHeldStore, HELD_STORE_OPTIONS } from '../support/held-store.ts';
import { createRecordedReader } from '../support/recorded-reader.ts';

const { historyLimit } = HELD_STORE_OPTIONS;
const LINE = 'x'.repeat(8000);
/** What a run holds whose history is full of such lines, and room for five of them. */
const RUN_CHARACTERS = historyLimit * LINE.length;
const MAX_CHARACTERS = 5.5 * RUN_CHARACTERS;
const RUNS = Array.from({ length: 20 }, (_, i) => `run ${i}`);

/** Time stands still, but for `mock.timers.tick`. */
async function setUp(t: TestContext) {
  mock.timers.enable({ apis: ['Date', 'setInterval', 'setTimeout'], now: 1_763_800_000_000 });
  t.after(() => mock.timers.reset());
  const store = createHeldStore();
  t.after(() => store.close());
  const hub = createHub({
    store,
    historyLimit,
    maxIdleCharacters: MAX_CHARACTERS,
    now: Date.now,
    onError: (error) => assert.fail(String(error)),
  });
  t.after(() => hub.close());
  const lines = Array.from({ length: historyLimit }, () => ({ log: LINE }));
  for (const runId of RUNS) await store.publish(runId, ...lines);
  const poll = async (runId: string) => {
    const run = await hub.open(runId, { confirmUnknown: true });
    const { logs } = JSON.parse(run.snapshot().text());
    assert.deepEqual([logs.length, logs.at(-1)], [historyLimit, LINE]);
    mock.timers.tick(1);
    await store.whenQuiet();
  };
  const reads = () => store.asked.filter((question) => question.startsWith('read ')).length;
  return { store, hub, poll, reads };
}

test('many large runs are polled: what they hold is bounded at once, and those used last are kept', async (t) => {
  const { store, hub, poll, reads } = await setUp(t);
  for (const runId of RUNS) {
    await poll(runId);
    const { idleCharacters } = hub.counts();
    assert.ok(idleCharacters < MAX_CHARACTERS, `${idleCharacters} after ${runId}`);
  }
  assert.ok(hub.counts().idleCharacters > 4 * RUN_CHARACTERS);
  for (const runId of RUNS.slice(-5)) await poll(runId);
  assert.equal(reads(), RUNS.length, 'the last five are served from memory');
  await poll('run 0');
  assert.equal(reads(), RUNS.length + 1);
  assert.deepEqual(store.asked.filter((question) => question.startsWith('unfollow')).slice(0, 2), [
    'unfollow run 0',
    'unfollow run 1',
  ]);
});

test('a run with readers is not touched, however much it holds, and may be forgotten when they have left', async (t) => {
  const { store, hub, poll } = await setUp(t);
  const subscriptions = await Promise.all(
    RUNS.map(async (runId) => (await hub.open(runId)).subscribe(createRecordedReader(), SNAPSHOT)),
  );
  mock.timers.tick(1000);
  await store.whenQuiet();
  assert.equal(hub.counts().idleCharacters, 0);
  assert.ok(!store.asked.some((question) => question.startsWith('unfollow')));
  for (const subscription of subscriptions) subscription.cancel();
  mock.timers.tick(1000);
  const { idleCharacters } = hub.counts();
  assert.ok(idleCharacters > 0 && idleCharacters < MAX_CHARACTERS, `${idleCharacters}`);
  await store.whenQuiet();
  for (const runId of RUNS) await poll(runId);
});

test('a run that is held for a request is not touched while other runs of the request are opened', async (t) => {
  const { store, hub } = await setUp(t);
  const open = async (runId: string) => {
    const run = await hub.open(runId);
    run.hold();
    return run;
  };
  const held = [];
  for (const runId of RUNS) {
    held.push(await open(runId));
    mock.timers.tick(1000);
    await store.whenQuiet();
  }
  assert.ok(held.every(({ isSynced, history }) => isSynced && history.lastId !== 0));
  for (const run of held) run.letGo();
  mock.timers.tick(1000);
  assert.ok(hub.counts().idleCharacters < MAX_CHARACTERS);
  await store.whenQuiet();
  assert.ok(held.some(({ history }) => history.lastId === 0));
});

test('runs grow while nobody reads them: they are looked at once a second', async (t) => {
  const { store, hub } = await setUp(t);
  const grown = Array.from({ length: 10 }, (_, i) => `grown ${i}`);
  for (const runId of grown) {
    await store.publish(runId, { log: 'begins' });
    await hub.open(runId);
  }
  for (const runId of grown)
    await store.publish(runId, ...Array.from({ length: historyLimit }, () => ({ log: LINE })));
  await store.whenQuiet();
  mock.timers.tick(1000);
  const { idleCharacters, openRuns } = hub.counts();
  assert.ok(idleCharacters > 4 * RUN_CHARACTERS && idleCharacters < MAX_CHARACTERS, `${idleCharacters}`);
  assert.equal(openRuns, grown.length);
});

test('a forgotten run is read again for nobody, and closed as other runs are', async (t) => {
  const { store, hub, poll, reads } = await setUp(t);
  for (const runId of RUNS) await poll(runId);
  store.lose();
  store.comeBack();
  await store.whenQuiet();
  await store.publish('run 0', { log: 'more' });
  const wait = async (seconds: number) => {
    for (let second = 1; second <= seconds; second++) {
      mock.timers.tick(1000);
      await store.whenQuiet();
    }
  };
  await wait(4);
  assert.equal(reads(), RUNS.length);
  await wait(40);
  assert.deepEqual([hub.counts().openRuns, hub.counts().idleCharacters], [0, 0]);
});

test('a reader to whom a run was given before it was forgotten gets everything', async (t) => {
  const { store, hub, poll } = await setUp(t);
  const given = await Promise.all(['snapshot', 'start', 'event'].map(() => hub.open('run 0')));
  const id = given[0]?.history.lastId ?? 0;
  for (const runId of RUNS.slice(1)) await poll(runId);
  assert.equal(given[0]?.history.lastId, 0, 'it has been forgotten');
  const readers = [SNAPSHOT, { at: 'start' } as const, cursorAfter(id - 2)].map((cursor, i) => {
    const reader = createRecordedReader();
    given[i]?.subscribe(reader, cursor);
    return reader;
  });
  const [next = 0] = await store.publish('run 0', { log: 'next' });
  mock.timers.tick(1000);
  await store.whenQuiet();
  const [snapshot, start, event] = readers.map(({ got }) => got);
  assert.deepEqual(snapshot, [`snapshot ${next}`]);
  assert.deepEqual(start?.slice(-2), [`${id}`, `${next}`]);
  assert.deepEqual(event, [`${id - 1}`, `${id}`, `${next}`]);
});
