// A Node publisher on a Redis of its own.
import type { TestContext } from 'node:test';
import type { Redis } from 'ioredis';
import { createPublisher, type Publisher, type PublisherOptions } from '../../../src/publish/publisher.ts';
import { readHistory, type StoredEvent } from '../../support/history-list.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';

export interface NodeTrial {
  readonly redis: RedisServer;
  readonly client: Redis;
  readonly publisher: Publisher;
  /** What it has warned of, unless `onWarning` is given. */
  readonly warnings: readonly string[];
  read(runId: string): Promise<StoredEvent[]>;
}

/** Both end with the test. */
export async function startNodeTrial(
  t: TestContext,
  options: Partial<PublisherOptions> = {},
): Promise<NodeTrial> {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const warnings: string[] = [];
  const publisher = createPublisher({
    redisUrl: redis.url,
    onWarning: (warning) => warnings.push(warning),
    ...options,
  });
  t.after(() => publisher.close());
  return { redis, client, publisher, warnings, read: (runId) => readHistory(client, runId) };
}
