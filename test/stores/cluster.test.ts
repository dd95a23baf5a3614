// A cluster of three masters: the service finds out by itself, and each node carries its own runs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createPublisher } from '../../src/publish/publisher.ts';
import { parseSettings } from '../../src/runs/settings.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { type RedisCluster, startCluster } from '../support/cluster.ts';
import { readHistory } from '../support/history-list.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { untilUnready } from '../support/readiness.ts';
import { REDIS_PASSWORD } from '../support/redis.ts';
import { launchService, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

let cluster: RedisCluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster.stop());

test('each master has its share of the runs and of their announcements, and no call crosses slots', async (t) => {
  // One node's address is enough, and nothing says that it is a cluster's.
  const service = await startService({ REDIS_URL: cluster.url });
  t.after(() => service.stop());
  const other = await startService({ REDIS_URL: cluster.urlOfAll });
  t.after(() => other.stop());
  const publisher = createPublisher({ redisUrl: cluster.url });
  t.after(publisher.close);
  const runs = Array.from({ length: 30 }, (_, i) => `run ${i}`);
  const readers = await Promise.all(
    runs.map(async (runId, i) =>
      openSse((i % 2 ? service : other).eventsUrl(runId), { 'Last-Event-ID': '0' }),
    ),
  );
  t.after(() => {
    for (const reader of readers) reader.close();
  });

  await Promise.all(
    runs.map(async (runId) => {
      await publish(service, runId, { log: 'by HTTP' });
      publisher.publish(runId, { log: 'by the publisher' });
      assert.equal(await publisher.flush(10_000), true);
      await cluster.client.publish(
        'autoshorts:progress',
        JSON.stringify({ run_id: runId, state: 'END', log: 'raw' }),
      );
    }),
  );
  for (const [i, reader] of readers.entries()) {
    assert.equal(await reader.ended, 'end');
    const messages = reader.progress().map(({ message }) => message);
    assert.deepEqual(messages, ['by HTTP', 'by the publisher', 'raw'], runs[i]);
    assert.equal((await readHistory(cluster.client, runs[i] ?? '')).length, 3);
  }
  for (const master of await cluster.masters()) {
    const client = cluster.clientOf(master);
    const stats = await client.info('commandstats');
    const announced = Number(/cmdstat_spublish:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    assert.ok(announced >= 3 * 5 && announced <= 3 * 15, `${announced} of 90 announcements`);
    const keys = await client.dbsize();
    assert.ok(keys >= 5 && keys <= 16, `${keys} keys of 31`);
    assert.doesNotMatch(await client.info('errorstats'), /CROSSSLOT/);
  }
});

test('the smallest rights that the service and a worker need on every node', async (t) => {
  const guide = readFileSync('docs/redis.md', 'utf8');
  const rights = [...guide.matchAll(/^ACL SETUSER (cluster-\S+) (.*)$/gm)];
  assert.equal(rights.length, 2);
  for (const server of cluster.servers)
    for (const [, user = '', rules = ''] of rights)
      await cluster
        .clientOf(server)
        .call('ACL', 'SETUSER', user, ...rules.replace('>password', `>${REDIS_PASSWORD}`).split(' '));
  const as = (user: string) => cluster.url.replace('redis://', `redis://${user}:${REDIS_PASSWORD}@`);
  const service = await startService({ REDIS_URL: as('cluster-service') });
  t.after(() => service.stop());
  const publisher = createPublisher({ redisUrl: as('cluster-worker') });
  t.after(publisher.close);
  for (const runId of ['one', 'two', 'three', 'four']) {
    publisher.publish(runId, { log: 'by the publisher' });
    assert.equal(await publisher.flush(10_000), true);
    // On its way between the nodes of a young cluster a bare PUBLISH may get lost.
    await pollUntil('a raw message', async () => {
      await cluster.client.publish('autoshorts:progress', JSON.stringify({ run_id: runId, log: 'raw' }));
      return (await readHistory(cluster.client, runId)).some(({ message }) => message === 'raw');
    });
    const reader = await openSse(service.eventsUrl(runId), { 'Last-Event-ID': '0' });
    t.after(reader.close);
    await reader.until('the raw one', ({ progress }) => progress().at(-1)?.message === 'raw');
    await publish(service, runId, { state: 'END' });
    assert.equal(await reader.ended, 'end');
  }
});

test('what can not work with a cluster is said by /readyz', async (t) => {
  for (const [env, reason] of [
    [{ REDIS_URL: `${cluster.url}/1` }, /a cluster has the database 0 only/],
    [{ REDIS_URL: cluster.url, REDIS_CLUSTER: '0' }, /a node of a cluster, and REDIS_CLUSTER is 0/],
  ] as const) {
    const service = await launchService(env);
    t.after(() => service.stop('SIGKILL'));
    await untilUnready(service.url, reason);
  }
});

test('KEY_PREFIX with a hash tag and REDIS_CLUSTER=0: the node that owns its slot is enough', async (t) => {
  const owner = await cluster.masterOf('{rp}');
  const service = await startService({ REDIS_URL: owner.url, REDIS_CLUSTER: '0', KEY_PREFIX: '{rp}' });
  t.after(() => service.stop());
  assert.equal((await publish(service, 'r', { log: 'x' })).message, 'x');
});

test('raw messages are heard though the last run on their node is followed no more', async (t) => {
  const keyPrefix = 'hearing';
  const home = await cluster.masterOf(`${keyPrefix}:marker`);
  let run = 'run';
  while ((await cluster.masterOf(`${keyPrefix}:run:${run}`)) !== home) run += '+';
  const store = createRedisStore({
    ...parseSettings({ keyPrefix }),
    url: cluster.url,
    tlsInsecure: false,
    rawChannel: 'hearing raw',
    log: createKeptLog(),
  });
  t.after(() => store.close());
  await pollUntil('a store that is ready', async () => (await store.status()).ready);
  await store.follow(run, () => {});
  store.unfollow(run);
  await cluster.client.publish('hearing raw', JSON.stringify({ run_id: run, log: 'heard' }));
  await pollUntil(
    'the message',
    async () => (await readHistory(cluster.client, run, keyPrefix)).length === 1,
  );
});
