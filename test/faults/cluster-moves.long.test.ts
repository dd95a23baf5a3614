// Slots that move from one master of a cluster to another while their runs are followed, and masters that are relieved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { type RedisCluster, startCluster } from '../support/cluster.ts';
import { tryCluster } from '../support/cluster-trial.ts';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { pollUntil } from '../support/poll-until.ts';
import { chooseSeed } from '../support/random.ts';
import type { RedisServer } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

test('a master that is relieved by its replica (CLUSTER FAILOVER), and lives on', (t) =>
  tryCluster(t, relieveMasterOf('autoshorts:marker'), { seed: chooseSeed(), updates: 2000 }));

test('the slot of a run, and then that of the marker, move to another master', async (t) => {
  const cluster = await startCluster();
  t.after(cluster.stop);
  const services = await Promise.all([
    startService({ REDIS_URL: cluster.url }),
    startService({ REDIS_URL: cluster.url }),
  ]);
  t.after(() => Promise.all(services.map((service) => service.stop('SIGKILL'))));
  const publisher = createPublisher({ redisUrl: cluster.url });
  t.after(publisher.close);
  const readers = await Promise.all(
    services.map((service) => openSse(service.eventsUrl('r'), { 'Last-Event-ID': '0' })),
  );
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  // What is published at several nodes has no order.
  const worker = cluster.clientOf(cluster.servers[0] as RedisServer);
  let count = 0;
  const expected: string[] = [];
  /** Both ways, and heard by everybody. */
  async function publishSome() {
    for (let i = 0; i < 10; i++) {
      const log = `update ${++count}`;
      publisher.publish('r', { log });
      expected.push(log);
    }
    assert.equal(await publisher.flush(10_000), true);
    for (let i = 0; i < 10; i++) {
      const log = `raw ${++count}`;
      await worker.publish('autoshorts:progress', JSON.stringify({ run_id: 'r', log }));
      expected.push(log);
    }
    for (const reader of readers)
      await reader.until(`raw ${count}`, ({ progress }) => progress().at(-1)?.message === `raw ${count}`);
  }

  await publishSome();
  for (const key of ['autoshorts:run:r', 'autoshorts:marker', 'autoshorts:run:r', 'autoshorts:marker']) {
    const subscribed = cluster.clientOf(await cluster.moveSlotOf(key));
    if (key === 'autoshorts:marker')
      await pollUntil('both services on the new master', async () => {
        const [, heard] = (await subscribed.pubsub('NUMSUB', 'autoshorts:progress')) as [string, number];
        return heard === 2;
      });
    await publishSome();
  }
  const history = await readHistory(cluster.client, 'r');
  assertDense(history.map(({ id }) => id));
  assert.deepEqual(
    history.map(({ message }) => message),
    expected,
  );
  for (const reader of readers) {
    assert.deepEqual(reader.snapshots(), []);
    assert.deepEqual(
      reader.progress().map(({ message }) => message),
      expected,
    );
  }
});

function relieveMasterOf(key: string) {
  return async (cluster: RedisCluster) => {
    const old = await cluster.masterOf(key);
    const replica = cluster.servers[cluster.servers.indexOf(old) + 3];
    assert.ok(replica);
    await cluster.clientOf(replica).call('CLUSTER', 'FAILOVER');
    await cluster.untilReplaced(old);
  };
}
