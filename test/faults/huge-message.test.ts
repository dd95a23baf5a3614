// A message so large that Redis cuts off whoever should hear it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pollUntil } from '../support/poll-until.ts';
import { hasNewSubscriber, subscriberIds } from '../support/redis-clients.ts';
import { startWatchedRun } from '../support/watched-run.ts';

const MB = 1024 * 1024;

test('a message of 20 MB is dropped, one of 40 MB cuts the connection: neither does more harm', async (t) => {
  const { worker, run } = await startWatchedRun(t);
  await run.untilReady();
  await run.addReaders();
  await run.publish(worker, 20);
  await worker.publish('autoshorts:progress', 'x'.repeat(20 * MB));
  await run.publish(worker, 20);
  await run.untilAllHave(40);

  const before = await subscriberIds(worker);
  await worker.publish('autoshorts:progress', 'x'.repeat(40 * MB));
  await pollUntil('a new subscriber', () => hasNewSubscriber(worker, before));
  await run.untilReady();
  await run.addReaders();
  await run.publish(worker, 20);
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 60, 'the end'));
});
