// A store on a cluster whose slots move from one master to another.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { parseSettings } from '../../src/runs/settings.ts';
import type { Store } from '../../src/runs/store.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { slotOf } from '../../src/stores/slots.ts';
import { type RedisCluster, startCluster } from '../support/cluster.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { pollUntil } from '../support/poll-until.ts';

let cluster: RedisCluster;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster.stop());

function makeStore(t: TestContext, keyPrefix: string, url = cluster.url): Store {
  const store = createRedisStore({
    ...parseSettings({ keyPrefix }),
    url,
    tlsInsecure: false,
    rawChannel: `${keyPrefix}:raw`,
    log: createKeptLog(),
  });
  t.after(() => store.close());
  return store;
}

const untilReady = (store: Store) => pollUntil('readiness', async () => (await store.status()).ready);

test('what a master refuses counts until the slot goes to another master', async (t) => {
  for (const master of await cluster.masters())
    await cluster.clientOf(master).call('ACL', 'SETUSER', 'user', 'on', '>password', '~*', '&*', '+@all');
  const refusing = await cluster.masterOf('refused:run:');
  await cluster
    .clientOf(refusing)
    .call('ACL', 'SETUSER', 'user', 'resetchannels', '&refused:raw', '&refused:marker');
  const store = makeStore(t, 'refused', cluster.url.replace('//', '//user:password@'));
  const untilRefused = () =>
    pollUntil('a refusal', async () =>
      (await store.status()).reason?.startsWith('Redis refuses the channels of runs'),
    );
  await untilRefused();
  await cluster.moveSlotOf('refused:run:');
  await untilReady(store);
  await cluster.moveSlotOf('refused:run:', refusing);
  await untilRefused();
});

test('when a slot moves its runs are out of step, and no others, until they are followed anew', async (t) => {
  const store = makeStore(t, 'moving');
  await untilReady(store);
  const master = await cluster.masterOf('moving:run:moves');
  let stays = 'stays';
  while ((await cluster.masterOf(`moving:run:${stays}`)) !== master) stays += '+';
  const heard: string[] = [];
  const follow = (runId: string) =>
    store.follow(runId, (entries) => {
      for (const entry of entries) heard.push(JSON.parse(entry).message);
    });
  const lost: string[] = [];
  store.onConnection((event, concerns) => {
    if (event === 'lost') lost.push(...['moves', stays].filter(concerns));
  });
  let n = 0;
  const record = async (runId: string, log: string) => {
    const [outcome] = await store.record([{ runId, update: { log }, name: { source: 'test', n: ++n } }]);
    assert.equal(outcome?.status, 'recorded');
  };
  for (const runId of ['moves', stays]) await follow(runId);

  for (const round of [1, 2]) {
    await cluster.moveSlotOf('moving:run:moves');
    await pollUntil('the loss', async () => lost.length === round);
    await pollUntil('the new master', () =>
      follow('moves').then(
        () => true,
        () => false, // It is not known here yet.
      ),
    );
    await record('moves', `moves ${round}`);
    await record(stays, `stays ${round}`);
    await pollUntil('both', async () => heard.length === 2 * round);
  }
  assert.deepEqual(heard.toSorted(), ['moves 1', 'moves 2', 'stays 1', 'stays 2']);
  assert.deepEqual(lost, ['moves', 'moves']);
  const reconnections = [...store.links().values()].map(({ reconnections }) => reconnections);
  assert.deepEqual(new Set(reconnections), new Set([0]));
});

test('a cluster with a slot that no node has is not ready, and says so', async (t) => {
  const store = makeStore(t, 'orphaned');
  await untilReady(store);
  const slot = slotOf('orphaned:run:r');
  const owner = await cluster.masterOf('orphaned:run:r');
  await pollUntil('a slot that no node has', async () => {
    for (const server of [owner, ...cluster.servers])
      await cluster
        .clientOf(server)
        .cluster('DELSLOTS', slot)
        .catch((error: Error) => assert.match(error.message, /already unassigned/));
    return (await store.status()).reason === 'the cluster has no node for 1 of its 16384 slots';
  });
  await cluster.clientOf(owner).cluster('ADDSLOTS', slot);
  await untilReady(store);
});
