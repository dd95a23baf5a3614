// The hub and a store that stalls, loses its connection or knows nothing: readers get all, once, and gaps are real.
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { cursorAfter, SNAPSHOT } from '../../src/runs/cursor.ts';
import { createHub, type HubOptions } from '../../src/runs/hub.ts';
import { TooManyRuns } from '../../src/runs/unknown-runs.ts';
import { createHeldStore, HELD_STORE_OPTIONS } from '../support/held-store.ts';
import { createRecordedReader } from '../support/recorded-reader.ts';

/** Time stands still, but for `mock.timers.tick`. */
function setUp(t: TestContext, options: Partial<HubOptions> = {}) {
  mock.timers.enable({ apis: ['Date', 'setInterval', 'setTimeout'], now: 1_763_800_000_000 });
  t.after(() => mock.timers.reset());
  const store = createHeldStore();
  t.after(() => store.close());
  const errors: unknown[] = [];
  const hub = createHub({
    store,
    historyLimit: HELD_STORE_OPTIONS.historyLimit,
    now: Date.now,
    onError: (error) => errors.push(error),
    patienceMs: PATIENCE_MS,
    ...options,
  });
  t.after(() => hub.close());
  return { store, hub, errors };
}

const PATIENCE_MS = 100;

for (const isHeardFirst of [true, false])
  test(`a reader whose cursor is newer than this server gets no gap and nothing twice from a store that stalls, ${
    isHeardFirst ? 'if what was missed is announced first' : 'if the store answers first'
  }`, async (t) => {
    const { store, hub } = setUp(t);
    await store.publish('r', { log: 'one' });
    await hub.open('r');
    // Another server has heard two more, and a reader has them from there.
    store.holdAnnouncements();
    store.holdAnswers();
    const [, cursor = 0] = await store.publish('r', { log: 'two' }, { log: 'three' });

    const opening = hub.open('r', { cursor: cursorAfter(cursor) });
    await store.whenQuiet();
    mock.timers.tick(PATIENCE_MS);
    const run = await opening;
    assert.equal(run.isSynced, false);
    const moved = createRecordedReader();
    run.subscribe(moved, cursorAfter(cursor));
    const [fourth] = await store.publish('r', { log: 'four' });
    await store.whenQuiet();
    assert.deepEqual(moved.got, [], 'as long as the store has not answered');

    if (isHeardFirst) store.releaseAnnouncements();
    await store.whenQuiet();
    store.releaseAnswers();
    await store.whenQuiet();
    store.releaseAnnouncements();
    const [fifth] = await store.publish('r', { log: 'five' });
    await store.whenQuiet();
    assert.deepEqual(moved.got, [`${fourth}`, `${fifth}`]);
    assert.equal(run.isSynced, true);
  });

test('a cursor that no server has handed out is a gap, once the store has been asked', async (t) => {
  const { store, hub } = setUp(t);
  const [id = 0] = await store.publish('r', { log: 'one' });
  await hub.open('r');
  store.holdAnswers();
  const opening = hub.open('r', { cursor: cursorAfter(id + 1) });
  await store.whenQuiet();
  mock.timers.tick(PATIENCE_MS);
  const reader = createRecordedReader();
  (await opening).subscribe(reader, cursorAfter(id + 1));
  store.releaseAnswers();
  await store.whenQuiet();
  assert.deepEqual(reader.got, [`gap ${id}`]);
});

test('a run that started unheard is known to whoever asks next', async (t) => {
  const { store, hub } = setUp(t);
  assert.equal((await hub.open('r')).history.lastId, 0);
  store.holdAnnouncements();
  const [id] = await store.publish('r', { log: 'one' });
  assert.equal((await hub.open('r', { confirmUnknown: true })).history.lastId, id);
});

test('runs that nobody knows are closed again, sooner than others', async (t) => {
  const { store, hub } = setUp(t);
  await store.publish('known', { log: 'one' });
  await hub.open('known');
  await hub.open('made up');
  const watched = await hub.open('to come');
  watched.subscribe(createRecordedReader(), SNAPSHOT);
  mock.timers.tick(10_000);
  assert.deepEqual(
    store.asked.filter((question) => question.startsWith('unfollow')),
    ['unfollow made up'],
  );
});

test('so many runs are open at once, and there is room again when they are closed', async (t) => {
  const { store, hub } = setUp(t, { maxOpenRuns: 3 });
  for (const runId of ['a', 'b', 'c', 'd']) await store.publish(runId, { log: 'one' });
  for (const runId of ['a', 'b', 'c']) await hub.open(runId);
  await assert.rejects(hub.open('d'), TooManyRuns);
  await hub.open('a');
  for (let seconds = 0; seconds < 60; seconds += 10) {
    mock.timers.tick(10_000);
    await store.whenQuiet();
  }
  assert.equal((await hub.open('d')).isSynced, true);
});

test('whoever makes names up uses a share of the room: known runs, and the unknown ones of others, are opened', async (t) => {
  const { store, hub } = setUp(t, { maxOpenRuns: 20 });
  await store.publish('known', { log: 'one' });
  const open = (runId: string, client: string) => hub.open(runId, { client: () => client });
  await open('made up 1', 'mallory');
  await open('made up 2', 'mallory');
  await assert.rejects(open('made up 3', 'mallory'), TooManyRuns);
  assert.equal(store.asked.includes('follow made up 3'), false);
  assert.equal((await open('known', 'mallory')).history.events.length, 1);
  await open('to come', 'alice');
  // A run that begins takes no share any more.
  await store.publish('made up 1', { log: 'begins' });
  await store.whenQuiet();
  await open('made up 3', 'mallory');
});

test('a run that nobody knows stays open for whoever waits for another one to be opened', async (t) => {
  const patienceMs = 2000;
  const { store, hub } = setUp(t, { patienceMs });
  store.holdAnswers((runId) => runId === 'slow');
  const opening = Promise.all(['unknown', 'slow'].map((runId) => hub.open(runId)));
  await store.whenQuiet();
  for (let ms = 0; ms < patienceMs; ms += 500) mock.timers.tick(500);
  const reader = createRecordedReader();
  for (const run of await opening) run.subscribe(reader, SNAPSHOT);
  const [id] = await store.publish('unknown', { log: 'begins' });
  await store.whenQuiet();
  assert.deepEqual(reader.got, [`${id}`]);
});

test('a run that was closed while it waited to be compared does not take the announcements of its successor', async (t) => {
  const { store, hub } = setUp(t, { idleMs: 500 });
  // As many as are compared at once, so that `z` has to wait.
  const watched = Array.from({ length: 50 }, (_, i) => `run ${i}`);
  for (const runId of [...watched, 'z']) {
    await store.publish(runId, { log: 'one' });
    const run = await hub.open(runId);
    if (runId !== 'z') run.subscribe(createRecordedReader(), SNAPSHOT);
  }
  store.holdAnswers((runId) => runId !== 'z');
  store.lose();
  store.comeBack();
  await store.whenQuiet();
  assert.equal(store.heldCount, 50);
  mock.timers.tick(1000);
  assert.equal(store.asked.at(-1), 'unfollow z');

  const run = await hub.open('z');
  const reader = createRecordedReader();
  run.subscribe(reader, cursorAfter(run.history.lastId));
  store.releaseAnswers();
  await store.whenQuiet();
  const [id] = await store.publish('z', { log: 'two' });
  await store.whenQuiet();
  assert.deepEqual(reader.got, [`${id}`]);
});

test('the sweep does not keep a slow comparison from settling', async (t) => {
  const { store, hub } = setUp(t);
  await store.publish('r', { log: 'one' });
  store.holdAnswers();
  const opening = hub.open('r');
  await store.whenQuiet();
  mock.timers.tick(PATIENCE_MS);
  const run = await opening;
  run.subscribe(createRecordedReader(), SNAPSHOT);
  // The comparison asks twice: it follows, then reads. Each answer takes longer than the sweep's interval.
  for (let question = 1; question <= 2; question++) {
    for (let second = 1; second <= 3; second++) mock.timers.tick(1000);
    store.answer();
    await store.whenQuiet();
  }
  assert.equal(run.isSynced, true, `asked: ${store.asked.join(', ')}`);
});

test('however slow the store, a sweep has it asked by so many runs at once', async (t) => {
  const { store, hub } = setUp(t);
  for (let i = 0; i < 120; i++) {
    const run = await hub.open(`run ${i}`);
    run.subscribe(createRecordedReader(), SNAPSHOT);
  }
  store.lose();
  store.holdAnswers();
  for (let second = 1; second <= 5; second++) {
    mock.timers.tick(1000);
    await store.whenQuiet();
  }
  assert.equal(store.heldCount, 50);
});

test('a finished run that expires tells a reader who has all of it nothing, and one who lacks something of a gap', async (t) => {
  const { store, hub } = setUp(t);
  await store.publish('r', { log: 'one' });
  const run = await hub.open('r');
  const [hasAll, lacksTheEnd] = [createRecordedReader(), createRecordedReader()];
  run.subscribe(hasAll, cursorAfter(run.history.lastId));
  const late = run.subscribe(lacksTheEnd, cursorAfter(run.history.lastId));
  lacksTheEnd.setWritable(false);
  const [end] = await store.publish('r', { state: 'END', log: 'two' });
  await store.whenQuiet();

  mock.timers.tick(HELD_STORE_OPTIONS.finishedTtlMs + 15_000);
  await store.whenQuiet();
  assert.equal(run.history.lastId, 0, 'it has expired');
  lacksTheEnd.setWritable(true);
  late.advance();
  assert.deepEqual(hasAll.got, [`${end}`]);
  assert.deepEqual(lacksTheEnd.got, ['gap 0']);

  const [again] = await store.publish('r', { state: 'RETRY' });
  await store.whenQuiet();
  assert.deepEqual(hasAll.got, [`${end}`, `${again}`]);
  assert.deepEqual(lacksTheEnd.got, ['gap 0', `${again}`]);
});

test('while many updates wait to be recorded, readers are served four times a second, and at once when none waits any more', async (t) => {
  const { store, hub } = setUp(t);
  const [first = 0] = await store.publish('r', { log: 'one' });
  const run = await hub.open('r');
  const reader = createRecordedReader();
  run.subscribe(reader, cursorAfter(first));
  const served = async () => {
    await store.whenQuiet();
    return reader.got.length;
  };
  assert.equal(await served(), 0);
  store.setBehind(true);
  await store.publish('r', { log: 'two' });
  assert.equal(await served(), 0);
  mock.timers.tick(150);
  await store.publish('r', { log: 'three' });
  mock.timers.tick(99);
  assert.equal(await served(), 0);
  mock.timers.tick(1);
  assert.equal(await served(), 2);
  await store.publish('r', { log: 'four' });
  assert.equal(await served(), 2);
  store.setBehind(false);
  await store.publish('r', { log: 'five' });
  assert.equal(await served(), 4);
});
