// A Redis, or what stands before it, that takes no large command and gives no large answer.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Redis } from 'ioredis';
import { createPublisher } from '../../src/publish/publisher.ts';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const MESSAGES = 240;
/** With 240 of them 2.9 MB wait. */
const PADDING = 'x'.repeat(4000);
const DATA = { padding: [PADDING, PADDING] };

const linesTo = (count: number) => Array.from({ length: count }, (_, i) => `line ${i + 1} `);

/** So many updates of 12 KB, and a small one of another run behind them, come while Redis refuses writes. */
async function publishWhileFull(worker: Redis) {
  await worker.config('SET', 'maxmemory', 1);
  for (const line of linesTo(MESSAGES))
    await worker.publish(
      'autoshorts:progress',
      JSON.stringify({ run_id: 'large', log: line + PADDING, data: DATA }),
    );
  await worker.publish('autoshorts:progress', JSON.stringify({ run_id: 'small', log: 'small' }));
  await worker.config('SET', 'maxmemory', 0);
}

async function untilRecorded(worker: Redis, expected: readonly string[]) {
  await pollUntil(
    'what waited',
    async () => (await worker.llen('autoshorts:run:large')) >= expected.length,
    60_000,
  );
  // For the test's own look at it.
  const [, limit = '0'] = (await worker.config('GET', 'maxmemory-clients')) as string[];
  await worker.config('SET', 'maxmemory-clients', 0);
  const events = await readHistory(worker, 'large');
  await worker.config('SET', 'maxmemory-clients', limit);
  assert.deepEqual(
    events.map(({ message }) => message.slice(0, -PADDING.length)),
    expected,
  );
  await pollUntil('the other run', async () => (await worker.llen('autoshorts:run:small')) === 1);
}

/** A reader gets the whole history, 2.9 MB, though no answer can be so large. */
async function assertReadable(t: TestContext, service: Service, expected: readonly string[]) {
  const reader = await openSse(service.eventsUrl('large'), { 'Last-Event-ID': '0' });
  t.after(() => reader.close());
  await reader.until('the whole history', ({ progress }) => progress().length >= expected.length);
  assert.deepEqual(
    reader.progress().map(({ message }) => message.slice(0, -PADDING.length)),
    expected,
  );
}

test('a Redis that evicts large clients records all that waited, and gives it to readers', async (t) => {
  const redis = await startRedis({ args: ['--maxmemory-clients', '1mb'] });
  t.after(redis.stop);
  const worker = await redis.client();
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  await publishWhileFull(worker);
  await untilRecorded(worker, linesTo(MESSAGES));
  const later = await startService({ REDIS_URL: redis.url });
  t.after(() => later.stop());
  await assertReadable(t, later, linesTo(MESSAGES));
});

test('behind a limit on commands all is recorded that passes it, and one update that does not is dropped alone', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await redis.client();
  const service = await startService({ REDIS_URL: proxy.url });
  t.after(() => service.stop());
  // Room for the script, whole.
  proxy.refuseCommandsOver(40_000);
  const tooLarge = { run_id: 'large', log: '한'.repeat(8000), data: { padding: Array(4).fill(PADDING) } };
  await worker.publish('autoshorts:progress', JSON.stringify(tooLarge));
  await publishWhileFull(worker);
  await untilRecorded(worker, linesTo(MESSAGES));
  assert.ok(proxy.refusals > 0);
  await service.program.waitForLine('"rejected"', (line) => line.includes('"rejected"'));
});

test('on a slow line all is recorded', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await redis.client();
  const service = await startService({ REDIS_URL: proxy.url });
  t.after(() => service.stop());
  proxy.slowTo(500_000);
  await publishWhileFull(worker);
  await untilRecorded(worker, linesTo(MESSAGES));
});

test('an update of the publisher for Node that passes no limit is dropped with a warning, and holds up nothing', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await redis.client();
  const warnings: string[] = [];
  const publisher = createPublisher({
    redisUrl: proxy.url,
    onWarning: (warning) => warnings.push(warning),
  });
  t.after(() => publisher.close());
  proxy.refuseCommandsOver(40_000);
  publisher.publish('large', { log: '한'.repeat(8000), data: { padding: Array(4).fill(PADDING) } });
  publisher.publish('small', { log: 'small' });
  publisher.publish('large', { log: 'behind it' });
  await pollUntil('the other run', async () => (await worker.llen('autoshorts:run:small')) === 1);
  await pollUntil(
    'what came behind it',
    async () => (await worker.llen('autoshorts:run:large')) === 1,
    60_000,
  );
  assert.equal(await publisher.flush(), true);
  assert.ok(
    warnings.some((warning) => warning.includes('run large, which is dropped')),
    warnings.join('; '),
  );
});
