// A store in which nothing can be recorded, or that may forget: said before the first update comes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilReady, untilUnready } from '../support/readiness.ts';
import { startRedis } from '../support/redis.ts';
import { launchService, startService } from '../support/service.ts';
import { SECRET } from '../support/token.ts';

test('a Redis that is full is not ready, though nothing was tried to be recorded', async (t) => {
  const redis = await startRedis({ args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] });
  t.after(redis.stop);
  const service = await launchService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  await untilUnready(service.url, /the memory of Redis is full/);
  await (await redis.client()).config('SET', 'maxmemory', 0);
  await untilReady(service.url);
});

test('a Redis that evicts runs, or forgets them at a restart, is warned of at the start', async (t) => {
  const policy = ['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'];
  const redis = await startRedis({ args: policy });
  t.after(redis.stop);
  const { program, stop } = await startService({ REDIS_URL: redis.url });
  t.after(() => stop());
  await program.waitForLine('the policy', (line) => line.includes('maxmemory-policy is allkeys-lru'));
  await program.waitForLine('no appendonly', (line) => line.includes('appendonly is off'));
});

test('one that keeps what it has is not', async (t) => {
  const redis = await startRedis({ isDurable: true });
  t.after(redis.stop);
  const { program, stop } = await startService({ REDIS_URL: redis.url });
  await stop();
  assert.deepEqual(
    program.lines.filter((line) => JSON.parse(line).level >= 40),
    [],
  );
});

test('in production without Redis and without a secret nobody can publish: not ready', async (t) => {
  const service = await launchService({ NODE_ENV: 'production' });
  t.after(() => service.stop());
  await untilUnready(service.url, /set REDIS_URL, or PROGRESS_SECRET/);
  const isToldOf = (line: string) => line.includes('"level":40') && line.includes('nobody can publish');
  assert.ok(service.program.lines.some(isToldOf));
  const withSecret = await startService({ NODE_ENV: 'production', PROGRESS_SECRET: SECRET });
  t.after(() => withSecret.stop());
  assert.ok(!withSecret.program.lines.some(isToldOf));
});
