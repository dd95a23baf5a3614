// Redis comes back with what it had some time ago, and goes on from there: its ids now mean other events.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { startWatchedRun } from '../support/watched-run.ts';

test('a history that was rolled back and then grew past what readers have is a gap for them', async (t) => {
  const { redis, worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);
  await worker.save();
  await run.publish(worker, 10);
  await run.untilAllHave(30);

  // The service must not look before the ids are those that it had.
  run.service.program.kill('SIGSTOP');
  await redis.kill();
  await redis.restart();
  const publisher = createPublisher({ redisUrl: redis.url });
  const others = Array.from({ length: 15 }, (_, i) => `other ${i + 1}`);
  for (const log of others) publisher.publish(run.runId, { log });
  assert.equal(await publisher.flush(30_000), true);
  await publisher.close();
  run.service.program.kill('SIGCONT');
  await run.untilReady();
  assert.deepEqual(await run.assertRecovered(worker, { mayHaveGap: true }), [
    ...run.lines(1, 20),
    ...others,
    'the end',
  ]);
});
