// A store on a cluster whose slots move from one master to another.
import { after, before, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { parseSettings } from '../../src/runs/settings.ts';
import type { Store } from '../../src/runs/store.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { type RedisCluster, startCluster } from '../support/cluster.ts';
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
    log: pino({ level: 'silent' }),
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
