// The subscriber's connection stays open, and nothing comes through it any more: no error ever says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publish } from '../support/publish.ts';
import { startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { watchRun } from '../support/watched-run.ts';

test('a subscriber that has gone deaf is noticed, and readers get what was recorded meanwhile', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await redis.client();
  const run = await watchRun(t, proxy);
  await run.untilReady();
  await run.addReaders();
  await run.publish(worker, 20);
  await run.untilAllHave(20);

  assert.equal(proxy.freeze('run-progress-subscriber'), 1);
  await run.untilUnready(/does not answer on the subscriber connection/);
  await publish(run.service, run.runId, { log: 'recorded meanwhile' });
  await run.addReaders();
  await run.untilReady();
  await run.publish(worker, 20);
  assert.deepEqual(await run.assertRecovered(worker), [
    ...run.lines(1, 20, 'recorded meanwhile'),
    ...run.lines(21, 40, 'the end'),
  ]);
});
