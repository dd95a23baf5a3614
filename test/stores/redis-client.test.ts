// How the service connects to Redis.
import { test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

test('REDIS_TLS_INSECURE changes nothing for a redis:// URL', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  // Fulfilled when it is ready.
  const service = await startService({ REDIS_URL: redis.url, REDIS_TLS_INSECURE: '1' });
  t.after(() => service.stop());
});
