import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { publisherContract } from './publisher-contract.ts';
import { startNodeWorker } from './support/worker.ts';

publisherContract('Node', startNodeWorker);

for (const redisUrl of ['http://localhost:6379', 'localhost:6379', 'unix:/run/redis.sock', 'redis://', ''])
  test(`Node publisher: the URL ${JSON.stringify(redisUrl)} is refused at once`, () =>
    assert.throws(() => createPublisher({ redisUrl }), {
      name: 'TypeError',
      message:
        'redisUrl must be a redis:// URL as redis://localhost:6379, or rediss://, redis+sentinel:// or unix://',
    }));
