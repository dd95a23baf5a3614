// Keys within one call of the record script, where the first update and its repeat come together.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRedisRecorder } from '../../src/stores/redis-recorder.ts';
import { readHistory } from '../support/history-list.ts';
import { startRedis } from '../support/redis.ts';

const OPTIONS = { historyLimit: 10, runTtlMs: 60_000, finishedTtlMs: 60_000, terminalStates: ['END'] };
const PAIR = [1, 2].map((n) => ({ runId: 'r', update: {}, name: { source: 'p', n }, key: 'k' }));

async function startRecorder(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const keyOf = (runId: string) => `autoshorts:run:${runId}`;
  return { client, recorder: createRedisRecorder(client, keyOf, 'autoshorts:marker', OPTIONS) };
}

test('a repeat in the call of its first one is answered with it', async (t) => {
  const { client, recorder } = await startRecorder(t);
  const [first, repeat] = await recorder.record(PAIR, true);
  assert.equal(first?.status, 'recorded');
  assert.deepEqual(repeat, { ...first, status: 'repeat' });
  assert.equal((await readHistory(client, 'r')).length, 1);
});

test('a repeat of what Redis refuses in the same call is refused as well', async (t) => {
  const { client, recorder } = await startRecorder(t);
  await client.config('SET', 'maxmemory', 1);
  const outcomes = await recorder.record(PAIR, true);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['refused', 'refused'],
  );
});
