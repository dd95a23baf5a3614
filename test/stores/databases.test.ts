// Two services on two databases of one Redis: Pub/Sub knows no database numbers, and neither hears the other's runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { untilReady } from '../support/readiness.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

test('a reader hears the runs of its own database, live', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  for (const [database, other] of [
    [3, 6],
    [0, 1],
  ]) {
    const service = await startService({ REDIS_URL: `${redis.url}/${database}` });
    t.after(() => service.stop());
    await untilReady(service.url);
    const stream = await openSse(service.eventsUrl('r'));
    t.after(stream.close);
    const own = createPublisher({ redisUrl: `${redis.url}/${database}` });
    const foreign = createPublisher({ redisUrl: `${redis.url}/${other}` });
    t.after(async () => {
      await Promise.all([own.close(), foreign.close()]);
    });
    foreign.publish('r', { log: 'foreign', state: 'FAILED' });
    assert.equal(await foreign.flush(20_000), true);
    own.publish('r', { log: 'one' });
    own.publish('r', { log: 'two' });
    assert.equal(await own.flush(20_000), true);
    await stream.until('both lines', () => JSON.stringify(stream.all()).includes('two'));
    const text = JSON.stringify(stream.all());
    assert.ok(text.includes('one') && !text.includes('foreign') && !text.includes('"gap"'), text);
  }
});
