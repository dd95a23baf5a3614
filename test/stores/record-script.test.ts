// The record script on Redis: what it needs and what it writes. What it makes of updates is in the store's contract.
import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import type { Redis } from 'ioredis';
import type { Recording } from '../../src/runs/recording.ts';
import { parseSettings } from '../../src/runs/settings.ts';
import { createRecordScript } from '../../src/stores/record-call.ts';
import { sendable } from '../../src/stores/record-script.ts';
import { readHistory } from '../support/history-list.ts';
import { createObserved } from '../support/observed.ts';
import { oneNode } from '../support/one-node.ts';
import { REDIS_PASSWORD, type RedisServer, startRedis } from '../support/redis.ts';

let redis: RedisServer;
let client: Redis;
before(async () => {
  redis = await startRedis();
  client = await redis.client();
});
after(() => redis.stop());

const settings = parseSettings({});
const keyOf = (runId: string) => `autoshorts:run:${runId}`;

async function record(by: Redis, recordings: readonly Recording[]) {
  const script = createRecordScript(oneNode(by), settings);
  const { results } = await script.call(recordings.map((one) => sendable(one)));
  return results.map(([, outcome]) => outcome);
}

function recording(runId: string, source: string, n: number): Recording {
  return { runId, update: { log: `${source} ${n}` }, name: { source, n } };
}

/** A connection of a Redis user with these rights. */
async function connectAs(t: TestContext, name: string, ...rights: string[]): Promise<Redis> {
  await client.acl('SETUSER', name, 'on', `>${REDIS_PASSWORD}`, '~*', ...rights);
  const user = client.duplicate({ username: name, password: REDIS_PASSWORD });
  t.after(() => user.disconnect());
  await user.ping();
  return user;
}

for (const [missing, rights] of [
  ['PUBLISH on autoshorts:run:b', ['+@all', 'resetchannels', '&autoshorts:run:a']],
  ['LTRIM', ['+@all', '-ltrim', 'allchannels']],
  ['PEXPIRE', ['+@all', '-pexpire', 'allchannels']],
  ['LSET', ['+@all', '-lset', 'allchannels']],
] as const)
  test(`a user without ${missing} records nothing, and is told why`, async (t) => {
    await client.del(keyOf('a'), keyOf('b'));
    const user = await connectAs(t, 'worker', 'reset', 'on', `>${REDIS_PASSWORD}`, '~*', ...rights);
    const outcomes = await record(user, [recording('a', 'p', 1), recording('b', 'p', 2)]);
    for (const outcome of outcomes) {
      assert.equal(outcome.status, 'refused');
      assert.match('reason' in outcome ? outcome.reason : '', new RegExp(`^NOPERM .*${missing}`));
    }
    assert.deepEqual([await client.exists(keyOf('a')), await client.exists(keyOf('b'))], [0, 0]);
  });

test('the smallest rights that a publisher needs', async (t) => {
  const commands = [
    'evalsha',
    'eval',
    'time',
    'lindex',
    'lrange',
    'rpush',
    'lset',
    'ltrim',
    'pexpire',
    'publish',
  ];
  const user = await connectAs(
    t,
    'smallest',
    'resetkeys',
    '~autoshorts:run:*',
    '-@all',
    '+ping',
    ...commands.map((command) => `+${command}`),
    'resetchannels',
    '&autoshorts:run:*',
  );
  const twice = [recording('small', 'p', 1), { ...recording('small', 'p', 2), key: 'k' }];
  assert.deepEqual(await record(user, twice), [{ status: 'recorded' }, { status: 'recorded' }]);
});

test('of 200 workers on one run, each repeating what was not answered, every update is recorded once', async () => {
  const sources = Array.from({ length: 200 }, (_, i) => `worker${i}`);
  for (let n = 1; n <= 2; n++) {
    const round = sources.map((source) => recording('shared', source, n));
    const first = await record(client, round);
    assert.ok(first.every(({ status }) => status === 'recorded'));
    // All answers were lost: everyone repeats, after everyone else has had its turn.
    const again = await record(client, round);
    assert.ok(again.every(({ status }) => status === 'repeat'));
  }
  const messages = (await readHistory(client, 'shared')).map(({ message }) => message);
  assert.equal(messages.length, 400);
  assert.equal(new Set(messages).size, 400);
});

test('only the last entry of a list has the bookkeeping, and an announcement has none', async (t) => {
  const listener = await redis.client();
  t.after(() => listener.disconnect());
  const heard: string[] = [];
  const observed = createObserved(() => heard.join('\n'));
  listener.on('message', (_channel, text) => {
    heard.push(...text.split('\n'));
    observed.changed();
  });
  await listener.subscribe(keyOf('entries'));
  const one = recording('entries', 'p', 1);
  await record(client, [one, { ...recording('entries', 'q', 1), key: 'k' }]);
  await record(client, [recording('entries', '100', 1)]);
  await observed.until('three announcements', () => heard.length === 3);
  const entries = await client.lrange(keyOf('entries'), 0, -1);
  assert.deepEqual(heard.slice(0, 2), entries.slice(0, 2));
  const [first, second, last] = entries.map((entry) => JSON.parse(entry));
  const started = first.id;
  assert.deepEqual(first.record, { started });
  assert.deepEqual(second.record, { started, key: 'k' });
  assert.deepEqual(last.record, { started, set: '0 0 0', epochs: ' 100=1', sources: ' q=1 p=1' });
  assert.deepEqual(JSON.parse(heard[2] ?? '').record, { started });
});

test('counters make an entry longer by 40 bytes at most', async () => {
  const lengthOf = async (runId: string, update: Recording['update']) => {
    await record(client, [{ runId, update, name: { source: 'p', n: 1 } }]);
    return (await client.lindex(keyOf(runId), 0))?.length ?? 0;
  };
  const without = await lengthOf('plain', { state: 'A', progress: 0.3, log: 'x' });
  for (const update of [
    { current: 12, total: 40 },
    { current: 13, total: 39 },
    { advance: 1, total: 1_000_000 },
  ])
    assert.ok((await lengthOf(`c${update.total}`, { state: 'A', log: 'x', ...update })) <= without + 40);
});

test('in another database runs are announced under its number', async (t) => {
  const listener = await redis.client();
  t.after(() => listener.disconnect());
  const heard: string[] = [];
  const observed = createObserved(() => heard.join());
  listener.on('message', (channel) => {
    heard.push(channel);
    observed.changed();
  });
  await listener.subscribe(keyOf('numbered'), `5/${keyOf('numbered')}`);
  const other = client.duplicate({ db: 5 });
  t.after(() => other.disconnect());
  await other.ping();
  await record(other, [recording('numbered', 'p', 1)]);
  await record(client, [recording('numbered', 'p', 1)]);
  await observed.until('both', () => heard.length === 2);
  assert.deepEqual(heard, [`5/${keyOf('numbered')}`, keyOf('numbered')]);
});

test('where others have removed the last entry, the run goes on from the one before', async () => {
  await record(client, [recording('cut', 'p', 1), recording('cut', 'p', 2)]);
  await client.rpop(keyOf('cut'));
  await record(client, [recording('cut', 'p', 3)]);
  const events = await readHistory(client, 'cut');
  assert.deepEqual(
    events.map(({ message, record }) => [message, record.started]),
    [
      ['p 1', events[0]?.id],
      ['p 3', events[0]?.id],
    ],
  );
});
