// The service starts before its Redis does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { watchRun } from '../support/watched-run.ts';

test('without Redis at the start streams open and wait, and are served when it comes', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const worker = await redis.client();
  await redis.kill();
  const run = await watchRun(t, redis);
  await run.untilUnready(/no connection to Redis/);
  await run.addReaders();

  await redis.restart();
  await run.untilReady();
  await run.publish(worker, 20);
  await run.addReaders();
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 20, 'the end'));
});
