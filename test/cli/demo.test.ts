// `npm run demo`: what it publishes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { runCli } from './cli.ts';

test('the demo publishes a whole run over HTTP, and to Redis', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop('SIGKILL'));
  const ways: [runId: string, args: string[], env: Record<string, string>][] = [
    ['http', ['--url', `${service.url}/`], { REDIS_URL: 'redis://127.0.0.1:1' }],
    ['redis', [], { REDIS_URL: redis.url }],
  ];
  for (const [runId, args, env] of ways) {
    const { code, stderr } = await runCli(['demo', '--run', runId, '--seconds', '0', ...args], env);
    assert.deepEqual([code, stderr], [0, '']);
    const run = await (await request(`${service.url}/api/runs/${runId}`)).body.json();
    const { state, progress, logs } = run as { state: string; progress: number; logs: string[] };
    assert.deepEqual([state, progress, logs.length], ['END', 1, 14]);
  }
});
