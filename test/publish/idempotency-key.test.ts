// Keys within one call of the record script, where the first update and its repeat come together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { createRedisRecorder, type RedisRecorder } from '../../src/stores/redis-recorder.ts';
import { readHistory } from './support/history.ts';
import { type RedisProcess, startRedis } from './support/redis.ts';

const OPTIONS = { historyLimit: 10, runTtlMs: 60_000, finishedTtlMs: 60_000, terminalStates: ['END'] };
const PAIR = [1, 2].map((n) => ({ runId: 'r', update: {}, name: { source: 'p', n }, key: 'k' }));

async function withRecorder(
  redis: RedisProcess,
  use: (recorder: RedisRecorder) => Promise<void>,
): Promise<void> {
  const client = new Redis(redis.url, { lazyConnect: true });
  try {
    await client.connect();
    await use(
      createRedisRecorder(client, (runId) => `autoshorts:run:${runId}`, 'autoshorts:marker', OPTIONS),
    );
  } finally {
    client.disconnect();
  }
}

test('a repeat in the call of its first one is answered with it', async (t) => {
  const redis = await startRedis();
  t.after(redis.close);
  await withRecorder(redis, async (recorder) => {
    const [first, repeat] = await recorder.record(PAIR, true);
    assert.equal(first?.status, 'recorded');
    assert.deepEqual(repeat, { ...first, status: 'repeat' });
  });
  assert.equal((await readHistory(redis, 'r')).length, 1);
});

test('a repeat of what Redis refuses in the same call is refused as well', async (t) => {
  const redis = await startRedis();
  t.after(redis.close);
  await withRecorder(redis, async (recorder) => {
    await redis.command('CONFIG', 'SET', 'maxmemory', 1);
    const outcomes = await recorder.record(PAIR, true);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['refused', 'refused'],
    );
  });
});
