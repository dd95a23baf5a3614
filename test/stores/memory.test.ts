// The store in memory: the contract, and expiry, where time is mocked.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { createMemoryStore } from '../../src/stores/memory.ts';
import { CONTRACT_OPTIONS, storeContract } from './store-contract.ts';

storeContract('in memory', async (options) => createMemoryStore(options), 'one source');

test('a history in memory expires: sooner when the run is done, and never while it goes on', async (t) => {
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: 1_763_800_000_000 });
  t.after(() => mock.timers.reset());
  const store = createMemoryStore(CONTRACT_OPTIONS);
  t.after(() => store.close());
  let n = 0;
  const record = (runId: string, state: string) =>
    store.record([{ runId, update: { state }, name: { source: 'p', n: ++n } }]);
  await record('open', 'A');
  await record('done', 'END');
  mock.timers.tick(29_999);
  assert.equal((await store.read('done')).length, 1);
  mock.timers.tick(1);
  assert.deepEqual(await store.read('done'), []);
  assert.equal(await store.readLast('done'), null);
  await record('open', 'B');
  mock.timers.tick(59_999);
  assert.equal((await store.read('open')).length, 2);
  mock.timers.tick(1);
  assert.deepEqual(await store.read('open'), []);
});

test('a run that begins again has an id ahead of all that it had', async (t) => {
  const store = createMemoryStore({ ...CONTRACT_OPTIONS, runTtlMs: 1 });
  t.after(() => store.close());
  mock.timers.enable({ apis: ['Date'], now: 1_763_800_000_000 });
  t.after(() => mock.timers.reset());
  const record = async (n: number) => {
    const recording = { runId: 'again', update: {}, name: { source: 'p', n } };
    const [outcome] = await store.record([recording], { wantEvents: true });
    return outcome?.status === 'recorded' ? JSON.parse(outcome.event ?? '').id : 0;
  };
  let last = 0;
  for (let n = 1; n <= 500; n++) last = await record(n);
  mock.timers.tick(1);
  assert.deepEqual(await store.read('again'), []);
  assert.ok((await record(501)) > last);
});

test("its clock is never behind an event's, though the host's is set back", async (t) => {
  const store = createMemoryStore(CONTRACT_OPTIONS);
  t.after(() => store.close());
  mock.timers.enable({ apis: ['Date'], now: 1_763_800_000_000 });
  t.after(() => mock.timers.reset());
  await store.record([{ runId: 'r', update: {}, name: { source: 'p', n: 1 } }]);
  mock.timers.setTime(1_763_799_880_000);
  assert.equal(store.now(), 1_763_800_000_000);
});
