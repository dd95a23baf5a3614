// The service with either store, for what must hold with both.
import type { TestContext } from 'node:test';
import { startRedis } from '../../support/redis.ts';
import { type Service, startService } from '../../support/service.ts';

type Start = (t: TestContext, environment?: Record<string, string>) => Promise<Service>;

const startInMemory: Start = async (t, environment = {}) => {
  const service = await startService(environment);
  t.after(() => service.stop());
  return service;
};

const startOnRedis: Start = async (t, environment = {}) => {
  const redis = await startRedis();
  t.after(redis.stop);
  return startInMemory(t, { REDIS_URL: redis.url, ...environment });
};

export const BOTH_STORES = [
  { name: 'in memory', start: startInMemory },
  { name: 'on Redis', start: startOnRedis },
];
