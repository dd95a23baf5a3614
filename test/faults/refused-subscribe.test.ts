// An ACL refuses SUBSCRIBE.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Redis } from 'ioredis';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { REDIS_PASSWORD, startRedis } from '../support/redis.ts';
import { watchRun } from '../support/watched-run.ts';

const USER = [
  'ACL',
  'SETUSER',
  'service',
  'on',
  `>${REDIS_PASSWORD}`,
  '~*',
  '+@all',
  'resetchannels',
] as const;

/** The service may subscribe to these channels alone. */
async function setUp(t: TestContext, firstChannels: string) {
  const redis = await startRedis();
  t.after(redis.stop);
  const worker = await redis.client();
  const allow = (...channels: string[]) => worker.call(...USER, ...channels);
  await allow(firstChannels);
  const run = await watchRun(t, { url: redis.url.replace('//', `//service:${REDIS_PASSWORD}@`) });
  return { worker, run, allow };
}

/** How often Redis has refused a channel. */
async function refusals(worker: Redis): Promise<number> {
  const entries = (await worker.acl('LOG')) as (string | number)[][];
  const counts = entries.map((entry) => Number(entry[entry.indexOf('count') + 1]));
  return counts.reduce((sum, count) => sum + count, 0);
}

test('without the raw channel readers are served all the same, and /readyz says what is refused', async (t) => {
  const { worker, run, allow } = await setUp(t, '&autoshorts:run:*');
  await run.untilUnready(/refuses the raw channel: NOPERM/);
  await run.addReaders();
  await publish(run.service, run.runId, { log: 'over HTTP' });
  await pollUntil('several tries', async () => (await refusals(worker)) >= 3);
  const told = run.service.program.lines.filter((line) => line.includes('refuses the raw channel'));
  assert.equal(told.length, 1, 'what is tried each second is not told each second');

  await allow('&*');
  await run.untilReady();
  await run.publish(worker, 20);
  await run.addReaders();
  assert.deepEqual(await run.assertRecovered(worker), ['over HTTP', ...run.lines(1, 20, 'the end')]);
});

test('when every channel is taken away amid a run, streams stay open and catch up', async (t) => {
  const { worker, run, allow } = await setUp(t, '&*');
  await run.begin(worker, 20);

  await allow();
  await run.untilUnready(/NOPERM/);
  await run.addReaders();
  await allow('&*');
  await run.untilReady();
  await run.publish(worker, 20);
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 40, 'the end'));
});
