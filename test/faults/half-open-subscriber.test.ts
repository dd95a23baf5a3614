// The subscriber's connection stays open, and nothing comes through it any more: no error ever says so.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { startRedis } from '../support/redis.ts';
import { hasNewSubscriber, subscriberIds } from '../support/redis-clients.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { watchRun } from '../support/watched-run.ts';

async function setUp(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await redis.client();
  const run = await watchRun(t, proxy);
  await run.untilReady();
  const freeze = () => assert.equal(proxy.freeze('run-progress-subscriber'), 1);
  return { worker, run, freeze };
}

test('a subscriber that has gone deaf is noticed, and readers get what was recorded meanwhile', async (t) => {
  const { worker, run, freeze } = await setUp(t);
  await run.addReaders();
  await run.publish(worker, 20);
  await run.untilAllHave(20);

  const before = await subscriberIds(worker);
  freeze();
  await publish(run.service, run.runId, { log: 'recorded meanwhile' });
  await run.addReaders();
  // /readyz is not asked, as its own question would be what notices.
  await pollUntil('a new subscriber', () => hasNewSubscriber(worker, before));
  await run.untilReady();
  await run.publish(worker, 20);
  assert.deepEqual(await run.assertRecovered(worker), [
    ...run.lines(1, 20, 'recorded meanwhile'),
    ...run.lines(21, 40, 'the end'),
  ]);
});

test('/readyz notices it at once', async (t) => {
  const { run, freeze } = await setUp(t);
  freeze();
  await run.untilUnready(/does not answer on the subscriber connection/);
});

test('a server that has gone deaf does not call a run unknown that others have recorded', async (t) => {
  const { worker, run, freeze } = await setUp(t);
  const poll = async () => (await fetch(run.service.eventsUrl(run.runId).replace(/\/events$/, ''))).status;
  assert.equal(await poll(), 404);
  freeze();
  const publisher = createPublisher({ redisUrl: `redis://127.0.0.1:${worker.options.port}` });
  publisher.publish(run.runId, { log: 'by another' });
  assert.equal(await publisher.flush(30_000), true);
  await publisher.close();
  assert.equal(await poll(), 200);
});
