// A broker delivers a task twice, and both run at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';
import { startChordWorker } from './support/chord.ts';

test('of two deliveries of a task at once readers see the later alone, from its first word on', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const worker = await startChordWorker(redis, redis.url);
  t.after(() => worker.stop('SIGKILL'));
  const reader = await openSse(service.eventsUrl('twice'));
  const heard = (line: string) =>
    reader.until(line, () => reader.progress().some(({ message }) => message === line));
  await worker.send('delivered', 'twice', 1);
  await heard('delivery 1 begins');
  await worker.send('delivered', 'twice', 2);
  assert.equal(await reader.ended, 'end');

  const events = reader.progress() as unknown as Record<string, unknown>[];
  const attempts = [...new Set(events.map(({ attempt }) => attempt))];
  assert.equal(attempts.length, 2);
  const ofLater = events.slice(events.findIndex(({ attempt }) => attempt === attempts[1]));
  assert.deepEqual(
    ofLater.map(({ attempt, state, message }) => [attempt === attempts[1], state, message]),
    [
      [true, null, ''],
      [true, 'OF_2', 'delivery 2 begins'],
      [true, 'OF_2', 'delivery 2 goes on'],
      [true, 'END', ''],
    ],
  );
});
