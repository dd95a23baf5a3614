// Redis is killed, and comes back: without anything, or with all it had.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishAnswer } from '../support/publish.ts';
import { startWatchedRun } from '../support/watched-run.ts';

test('killed and restarted empty: whoever had something gets a gap, and all that follows', async (t) => {
  const { redis, worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);

  await redis.kill();
  await run.untilUnready(/no connection to Redis/);
  await run.addReaders();
  // The hub goes on answering from what it has, but nothing is recorded.
  await run.untilAllHave(20);
  const { status, body } = await publishAnswer(run.service, run.runId, { log: 'in vain' });
  assert.deepEqual([status, body.code], [503, 'not-recorded']);
  await redis.restart();
  await run.untilReady();
  await run.addReaders();
  await run.publish(worker, 20);
  assert.deepEqual(await run.assertRecovered(worker, { mayHaveGap: true }), run.lines(21, 40, 'the end'));
});

test('killed and restarted with its data: nobody sees a gap', async (t) => {
  const { redis, worker, run } = await startWatchedRun(t, { isDurable: true });
  await run.begin(worker, 20);

  await redis.kill();
  await run.untilUnready(/no connection to Redis/);
  await run.addReaders();
  await redis.restart();
  await run.untilReady();
  await run.addReaders();
  await run.publish(worker, 20);
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 40, 'the end'));
});
