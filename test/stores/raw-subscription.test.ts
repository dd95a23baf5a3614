// The raw channel on the connections to two nodes, of which one has the marker's key, and then the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createListener } from '../../src/stores/raw-listener.ts';
import { createRawSubscription } from '../../src/stores/raw-subscription.ts';
import { createTally } from '../../src/stores/tally.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { oneNode } from '../support/one-node.ts';
import { startRedis } from '../support/redis.ts';

test('a node that is left while Redis is asked does not take the listener from the next one', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const admin = await redis.client();
  await admin.call('ACL', 'SETUSER', 'service', 'on', '>password', '~*', '+@all', 'resetchannels');
  const log = createKeptLog();
  const epochs: string[] = [];
  const listener = createListener({
    push: ({ name }) => epochs.push(name.source),
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
    client.on('message', (channel, text) => raw.handlers.get(channel)?.(text));
    t.after(raw.lose);
    return { raw, client };
  }
  const [old, next] = [await makeChannel('old'), await makeChannel('next')];
  const markers: string[] = [];
  // As in a cluster, each connection hears the markers of all nodes.
  next.client.on('message', (channel, text) => {
    if (channel === 'autoshorts:marker') markers.push(text);
  });
  // After a refusal it asks for the channel first, and sets its marker when it has it.
  await old.raw.hear();
  assert.match(old.raw.problem() ?? '', /Redis refuses the raw channel/);
  await admin.call('ACL', 'SETUSER', 'service', '&*');

  const asked = old.raw.hear();
  old.raw.leave();
  await next.raw.hear();
  await asked;
  await admin.publish('raw', '{"run_id":"r","log":"heard"}');
  // What was announced before is heard before the answer.
  await next.client.ping();
  const own = markers.filter((marker) => marker.endsWith('@next')).map((marker) => marker.split(' ')[0]);
  assert.equal(own.length, 1);
  assert.deepEqual(epochs, own, 'it counts from the marker of the node that it hears');
});
