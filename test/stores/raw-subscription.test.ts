// The raw channel on the connections to two nodes, of which one has the marker's key, and then the other.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createListener } from '../../src/stores/raw-listener.ts';
import { createRawSubscription } from '../../src/stores/raw-subscription.ts';
import { createTally } from '../../src/stores/tally.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { oneNode } from '../support/one-node.ts';
import { startRedis } from '../support/redis.ts';

/** A Redis whose connections stand for those to several nodes; and the epochs under which their messages are recorded. */
async function setUp(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const admin = await redis.client();
  await admin.call('ACL', 'SETUSER', 'service', 'on', '>password', '~*', '+@all', '&*');
  const log = createKeptLog();
  const recorded: string[] = [];
  const listener = createListener({
    push: ({ name, update }) => recorded.push(`${update.log} ${name.source}`),
    onNewEpoch: () => {},
    tally: createTally(log),
  });
  async function makeChannel(id: string) {
    const client = await redis.client();
    await client.auth('service', 'password');
    const raw = createRawSubscription({
      client,
      node: { address: id, id, commands: client, connect: () => client, close: () => {} },
      nodes: oneNode(client),
      rawChannel: 'raw',
      keyPrefix: 'autoshorts',
      listener,
      log,
    });
    /** Of the markers that were set on it. */
    const epochs: string[] = [];
    client.on('message', (channel, text) => {
      if (channel === 'autoshorts:marker' && text.endsWith(`@${id}`)) epochs.push(text.split(' ')[0] ?? '');
      raw.handlers.get(channel)?.(text);
    });
    t.after(raw.lose);
    return { raw, client, epochs };
  }
  const [old, next] = [await makeChannel('old'), await makeChannel('next')];
  return {
    admin,
    old,
    next,
    recorded,
    /** Fulfilled when both connections have heard it, if they hear the channel. */
    publish: async (text: string) => {
      await admin.publish('raw', JSON.stringify({ run_id: 'r', log: text }));
      // What was announced before is heard before the answer.
      for (const { client } of [old, next]) await client.ping();
    },
  };
}

test('a node that is left while Redis is asked does not take the listener from the next one', async (t) => {
  const { admin, old, next, recorded, publish } = await setUp(t);
  await admin.call('ACL', 'SETUSER', 'service', 'resetchannels');
  // After a refusal it asks for the channel first, and sets its marker when it has it.
  await old.raw.hear();
  assert.match(old.raw.problem() ?? '', /Redis refuses the raw channel/);
  await admin.call('ACL', 'SETUSER', 'service', '&*');

  const asked = old.raw.hear();
  old.raw.leave();
  await next.raw.hear();
  await asked;
  await publish('heard');
  assert.equal(next.epochs.length, 1);
  assert.deepEqual(
    recorded,
    [`heard ${next.epochs[0]}`],
    'it counts from the marker of the node that it hears',
  );
});

test('a node that is left is heard until the marker of the next one has come to it', async (t) => {
  const { admin, old, next, recorded, publish } = await setUp(t);
  await old.raw.hear();
  await publish('a');
  const left = new Promise<void>((resolve) => {
    old.raw.leave(resolve);
  });
  assert.equal(old.raw.isWanted(), false);
  await publish('b');
  await next.raw.hear();
  await publish('c');
  assert.deepEqual(recorded, [`a ${old.epochs[0]}`, `b ${old.epochs[0]}`, `c ${next.epochs[0]}`]);
  await left;
  await old.client.ping();
  assert.deepEqual(await admin.pubsub('NUMSUB', 'raw'), ['raw', 1]);
});
