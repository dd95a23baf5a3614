// A broker delivers a task twice, and both run at once.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';
import { startChordWorker } from './support/chord.ts';

async function setUp(t: TestContext, runId: string) {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const worker = await startChordWorker(redis, redis.url);
  t.after(() => worker.stop('SIGKILL'));
  const reader = await openSse(service.eventsUrl(runId));
  const heard = (line: string) =>
    reader.until(line, () => reader.progress().some(({ message }) => message === line));
  return { redis, worker, reader, heard };
}

/** What readers see from the later attempt's first word on. */
function ofLater(events: readonly object[]): unknown[] {
  const all = events as readonly Record<string, unknown>[];
  const attempts = [...new Set(all.map(({ attempt }) => attempt))];
  assert.equal(attempts.length, 2);
  const later = all.slice(all.findIndex(({ attempt }) => attempt === attempts[1]));
  return later.map(({ attempt, state, message }) => [attempt === attempts[1], state, message]);
}

const LATER_ALONE = [
  [true, null, ''],
  [true, 'OF_2', 'delivery 2 begins'],
  [true, 'OF_2', 'delivery 2 goes on'],
  [true, 'END', ''],
];

test('of two deliveries of a task at once readers see the later alone, from its first word on', async (t) => {
  const { worker, reader, heard } = await setUp(t, 'twice');
  await worker.send('delivered', 'twice', 1);
  await heard('delivery 1 begins');
  await worker.send('delivered', 'twice', 2);
  assert.equal(await reader.ended, 'end');
  assert.deepEqual(ofLater(reader.progress()), LATER_ALONE);
});

test('the death of the earlier delivery is not taken for that of the later', async (t) => {
  const { redis, worker, reader, heard } = await setUp(t, 'killed');
  await worker.send('killed', 'killed', 1);
  await heard('delivery 1 begins');
  await worker.send('killed', 'killed', 2);
  await worker.waitForLine('the death', (line) =>
    line.includes('Task handler raised error: WorkerLostError'),
  );
  await (await redis.client()).rpush('the first is dead', 1);
  assert.equal(await reader.ended, 'end');
  assert.deepEqual(ofLater(reader.progress()), LATER_ALONE);
});
