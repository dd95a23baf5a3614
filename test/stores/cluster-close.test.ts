// A store on a cluster that closes just when another node has got the raw channel.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parseSettings } from '../../src/runs/settings.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { startCluster } from '../support/cluster.ts';
import { readHistory } from '../support/history-list.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { pollUntil } from '../support/poll-until.ts';

test('what the new node has delivered while the old one hangs is recorded before the store has closed', async (t) => {
  const cluster = await startCluster();
  t.after(cluster.stop);
  const store = createRedisStore({
    ...parseSettings({}),
    url: cluster.urlOfAll,
    tlsInsecure: false,
    rawChannel: 'raw',
    log: createKeptLog(),
  });
  await pollUntil('readiness', async () => (await store.status()).ready);
  const old = await cluster.masterOf('autoshorts:marker');
  const replica = cluster.servers[cluster.servers.indexOf(old) + 3];
  assert.ok(replica);
  let run = 'r';
  while ((await cluster.masterOf(`autoshorts:run:${run}`)) === old) run += '+';
  const publisher = cluster.clientOf(replica);
  const witness = await replica.client();
  const heard: string[] = [];
  witness.on('message', (_channel, text) => heard.push(text));

  old.signal('SIGSTOP');
  try {
    // Its marker is set in the same turn.
    await pollUntil('the new node', async () => {
      const [, subscribed] = (await publisher.pubsub('NUMSUB', 'raw')) as [string, number];
      return subscribed === 1;
    });
    await witness.subscribe('raw');
    for (const log of ['a', 'b']) await publisher.publish('raw', JSON.stringify({ run_id: run, log }));
    await pollUntil('both messages', async () => heard.length === 2);
    await nextTurn();
    await store.close();
    const history = await readHistory(cluster.client, run);
    assert.deepEqual(
      history.map(({ message }) => message),
      ['a', 'b'],
    );
    assert.equal(store.waiting(), 0);
  } finally {
    old.signal('SIGCONT');
  }
});
