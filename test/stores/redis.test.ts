// The store on Redis: the contract, and what only Redis can do to it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Redis } from 'ioredis';
import type { Recording } from '../../src/runs/recording.ts';
import type { HistoryOptions } from '../../src/runs/settings.ts';
import type { Store } from '../../src/runs/store.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { pollUntil } from '../support/poll-until.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { CONTRACT_OPTIONS, storeContract } from './store-contract.ts';

let redis: RedisServer;
let client: Redis;
let store: Store;
before(async () => {
  redis = await startRedis();
  client = await redis.client();
  store = await makeStore(CONTRACT_OPTIONS);
});
after(async () => {
  await store.close();
  await redis.stop();
});

async function makeStore(options: HistoryOptions, rawChannel = 'autoshorts:progress'): Promise<Store> {
  const made = createRedisStore({
    ...options,
    url: redis.url,
    tlsInsecure: false,
    rawChannel,
    keyPrefix: 'autoshorts',
    log: createKeptLog(),
  });
  await pollUntil('a store that is ready', async () => (await made.status()).ready);
  return made;
}

storeContract('on Redis', makeStore, 'any');

let names = 0;
function recording(runId: string, log: string): Recording {
  return { runId, update: { log }, name: { source: 'test', n: ++names } };
}
const keyOf = (runId: string) => `autoshorts:run:${runId}`;

test('a history expires on Redis: later while the run goes on, sooner when it is done', async () => {
  const record = (state: string) =>
    store.record([{ runId: 'ttl', update: { state }, name: { source: 'test', n: ++names } }]);
  await record('A');
  const open = await client.pttl(keyOf('ttl'));
  assert.ok(open > 30_000 && open <= CONTRACT_OPTIONS.runTtlMs, String(open));
  await record('END');
  const done = await client.pttl(keyOf('ttl'));
  assert.ok(done > 0 && done <= CONTRACT_OPTIONS.finishedTtlMs, String(done));
  await record('A');
  assert.ok((await client.pttl(keyOf('ttl'))) > 30_000);
});

test('a last entry that is not ours is replaced, and the run goes on from the one before', async () => {
  await store.record([recording('foreign', 'before')]);
  await client.rpush(keyOf('foreign'), 'not JSON', '{"type":"progress","run_id":"another","id":1}', '');
  const [outcome] = await store.record([recording('foreign', 'after')]);
  assert.equal(outcome?.status, 'recorded');
  const events = await readHistory(client, 'foreign');
  assert.deepEqual(
    events.map(({ message }) => message),
    ['before', 'after'],
  );
  assertDense(events.map(({ id }) => id));
  await client.rpush(keyOf('only foreign'), 'x', 'y');
  assert.equal((await store.record([recording('only foreign', 'first')]))[0]?.status, 'recorded');
  assert.equal((await readHistory(client, 'only foreign')).length, 1);
});

test('a key of another type is rejected for its run alone', async () => {
  await client.set(keyOf('taken'), 'a string');
  const outcomes = await store.record([
    recording('free', '1'),
    recording('taken', '2'),
    recording('free', '3'),
    recording('taken', '4'),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['recorded', 'rejected', 'recorded', 'rejected'],
  );
  assert.deepEqual(
    (await readHistory(client, 'free')).map(({ message }) => message),
    ['1', '3'],
  );
  assert.equal(await client.get(keyOf('taken')), 'a string');
});

test('a raw message for a key of another type blocks no other run', async () => {
  await client.set(keyOf('taken too'), 'a string');
  for (const run_id of ['taken too', 'free too'])
    await client.publish('autoshorts:progress', JSON.stringify({ run_id, log: 'raw' }));
  await pollUntil('the other run', async () => (await client.llen(keyOf('free too'))) === 1);
  assert.deepEqual(await store.status(), { ready: true });
});

test('the script is loaded again after Redis has forgotten it', async () => {
  await store.record([recording('noscript', '1')]);
  await client.script('FLUSH');
  const outcomes = await store.record([recording('noscript', '2'), recording('noscript', '3')]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['recorded', 'recorded'],
  );
  assert.deepEqual(
    (await readHistory(client, 'noscript')).map(({ message }) => message),
    ['1', '2', '3'],
  );
});

test('with its memory full Redis refuses, nothing is announced, and later all is recorded in order', async (t) => {
  const announced: string[] = [];
  await store.follow('full', (entries) => announced.push(...entries));
  t.after(() => store.unfollow('full'));
  await client.config('SET', 'maxmemory', '1');
  t.after(() => client.config('SET', 'maxmemory', '0'));
  const [outcome] = await store.record([recording('full', 'refused')]);
  assert.equal(outcome?.status, 'refused');
  for (let n = 1; n <= 8; n++)
    await client.publish('autoshorts:progress', JSON.stringify({ run_id: 'full', log: `raw ${n}` }));
  const status = await pollUntil('not being ready', async () => {
    const { ready, reason } = await store.status();
    return !ready && reason;
  });
  assert.match(status, /OOM/);
  assert.equal(await client.llen(keyOf('full')), 0);
  assert.deepEqual(announced, []);

  await client.config('SET', 'maxmemory', '0');
  await pollUntil('all of it', async () => (await client.llen(keyOf('full'))) === 8);
  assert.deepEqual(
    (await readHistory(client, 'full')).map(({ message }) => message),
    [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `raw ${n}`),
  );
  await pollUntil('readiness', async () => (await store.status()).ready);
});

test('bad raw messages cost nothing but themselves', async () => {
  const good = (n: number) => JSON.stringify({ run_id: 'good', log: `good ${n}` });
  const bad = [
    '',
    'x',
    '[]',
    'null',
    '{"log":"no run"}',
    '{"run_id":""}',
    `{"run_id":"good","pad":"${'x'.repeat(65_536)}"}`,
  ];
  await client.publish('autoshorts:progress', good(1));
  for (const message of bad) await client.publish('autoshorts:progress', message);
  await client.publish('autoshorts:progress', Buffer.from([0xff, 0x00, 0xfe]));
  await client.publish(
    'autoshorts:progress',
    '{"run_id":"good","state":"","progress":NaN,"log":"half good"}',
  );
  await client.publish('autoshorts:progress', good(2));
  await pollUntil('the last one', async () => (await client.llen(keyOf('good'))) === 3);
  const events = await readHistory(client, 'good');
  assert.deepEqual(
    events.map(({ message, state, progress }) => [message, state, progress]),
    [
      ['good 1', null, null],
      ['half good', null, null],
      ['good 2', null, null],
    ],
  );
});

test('a raw message whose log is far too long ends its run all the same', async () => {
  const failed = { run_id: 'traceback', state: 'FAILED', log: 'x'.repeat(70_000) };
  await client.publish('autoshorts:progress', JSON.stringify({ run_id: 'traceback', state: 'A' }));
  await client.publish('autoshorts:progress', JSON.stringify(failed));
  await pollUntil('the end', async () => (await readHistory(client, 'traceback')).at(-1)?.done);
});

test('without a connection every call is refused at once, and says why', async (t) => {
  const lonely = createRedisStore({
    ...CONTRACT_OPTIONS,
    url: 'redis://127.0.0.1:1',
    tlsInsecure: false,
    rawChannel: 'raw',
    keyPrefix: 'lonely',
    log: createKeptLog(),
  });
  t.after(() => lonely.close());
  assert.deepEqual(await lonely.record([recording('run', 'x')]), [
    { status: 'refused', reason: 'no connection to Redis' },
  ]);
  assert.equal((await lonely.status()).ready, false);
  await assert.rejects(lonely.read('run'));
  await assert.rejects(lonely.follow('run', () => {}));
});
