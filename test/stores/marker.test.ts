// The counter of epochs in Redis, and what others may have put there: every server still gets its marker through.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { untilReady } from '../support/readiness.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

for (const [name, kept] of [
  ['an absurd epoch', '9999999999999999'],
  ['an epoch in words', 'soon'],
  ['infinity', 'inf'],
  ['not a number', 'nan'],
] as const)
  test(`${name} in the counter: raw messages are recorded all the same, and the counter is mended`, async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const worker = await redis.client();
    await worker.set('autoshorts:marker', kept);
    const service = await startService({ REDIS_URL: redis.url });
    t.after(() => service.stop());
    await worker.publish('autoshorts:progress', '{"run_id":"r","log":"heard"}');
    await pollUntil('the message', async () => (await worker.llen('autoshorts:run:r')) === 1);
    const [event] = await readHistory(worker, 'r');
    assert.equal(event?.message, 'heard');
    const epoch = Number(await worker.get('autoshorts:marker'));
    assert.ok(Math.abs(epoch / 1000 - Date.now()) < 60_000, `the epoch is ${epoch}`);
  });

test('a counter that is no string: raw messages are recorded all the same', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const worker = await redis.client();
  await worker.rpush('autoshorts:marker', 'a list');
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  await worker.publish('autoshorts:progress', '{"run_id":"r","log":"heard"}');
  await pollUntil('the message', async () => (await worker.llen('autoshorts:run:r')) === 1);
});

test('an absurd marker on the channel: a server that connects anew is ready again', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const worker = await redis.client();
  await worker.publish('autoshorts:marker', '9999999999999999 hostile');
  const before = await subscriberIds(worker);
  await worker.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await pollUntil('another connection', async () => {
    return (await subscriberIds(worker)).some((id) => !before.includes(id));
  });
  await untilReady(service.url);
  await worker.publish('autoshorts:progress', '{"run_id":"r","log":"heard"}');
  await pollUntil('the message', async () => (await worker.llen('autoshorts:run:r')) === 1);
});

async function subscriberIds(client: Redis): Promise<string[]> {
  const list = String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  return list.split('\n').flatMap((line) => /^id=(\d+) /.exec(line)?.[1] ?? []);
}
