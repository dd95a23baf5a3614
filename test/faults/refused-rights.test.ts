// Redis users that may too little, and ones that may just enough.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { request } from 'undici';
import { createPublisher } from '../../src/publish/publisher.ts';
import { pollUntil } from '../support/poll-until.ts';
import { REDIS_PASSWORD, startRedis } from '../support/redis.ts';
import { launchService, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

async function readiness(url: string): Promise<string> {
  const { body } = await request(`${url}/readyz`);
  return body.text();
}

const PROBLEMS: [string, string[], RegExp][] = [
  [
    'channels of runs',
    ['resetchannels', '&autoshorts:progress', '&autoshorts:marker'],
    /the channels of runs: NOPERM/,
  ],
  ['reading', ['allchannels', '-lrange'], /to read runs: NOPERM/],
];
for (const [what, rights, reason] of PROBLEMS)
  test(`a user without ${what} is told by /readyz and the log`, async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const client = await redis.client();
    await client.acl('SETUSER', 'service', 'on', `>${REDIS_PASSWORD}`, '~*', '+@all', ...rights);
    const url = redis.url.replace('redis://', `redis://service:${REDIS_PASSWORD}@`);
    const service = await launchService({ REDIS_URL: url });
    t.after(() => service.stop());
    await pollUntil('/readyz says why', async () => reason.test(await readiness(service.url)));
    await service.program.waitForLine('the log says why', (line) => line.includes('NOPERM'));
  });

test('a replica is not ready: it takes no updates', async (t) => {
  const [master, replica] = await Promise.all([startRedis(), startRedis()]);
  t.after(master.stop);
  t.after(replica.stop);
  await (await replica.client()).replicaof('127.0.0.1', master.port);
  const service = await launchService({ REDIS_URL: replica.url });
  t.after(() => service.stop());
  await pollUntil('/readyz names the replica', async () => /replica/.test(await readiness(service.url)));
});

test('the rights of docs/redis.md are enough, for the service and a worker', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const lines = readFileSync('docs/redis.md', 'utf8').match(/^ACL SETUSER (?:service|worker) .*$/gm) ?? [];
  assert.equal(lines.length, 2);
  for (const line of lines)
    await client.call('ACL', ...line.replace('>password', `>${REDIS_PASSWORD}`).split(' ').slice(1));
  const as = (user: string) => redis.url.replace('redis://', `redis://${user}:${REDIS_PASSWORD}@`);
  const service = await startService({ REDIS_URL: as('service') });
  t.after(() => service.stop());
  const reader = await openSse(service.eventsUrl('r'));
  t.after(() => reader.close());
  const publisher = createPublisher({ redisUrl: as('worker') });
  t.after(() => publisher.close());
  publisher.publish('r', { log: 'by a worker' });
  await client.publish('autoshorts:progress', JSON.stringify({ run_id: 'r', log: 'by PUBLISH' }));
  await pollUntil('both', async () => {
    const { body } = await request(`${service.url}/api/runs/r`);
    const text = await body.text();
    return text.includes('by a worker') && text.includes('by PUBLISH');
  });
  const log = service.program.lines.filter((line) => !line.startsWith('{'));
  assert.deepEqual(log, [], 'nothing but JSON in the log');
});

test('a user without INFO works, and nothing but JSON is in the log', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  await client.acl('SETUSER', 'service', 'on', `>${REDIS_PASSWORD}`, '~*', '&*', '+@all', '-info');
  const service = await startService({
    REDIS_URL: redis.url.replace('redis://', `redis://service:${REDIS_PASSWORD}@`),
  });
  t.after(() => service.stop());
  assert.deepEqual(
    service.program.lines.filter((line) => !line.startsWith('{')),
    [],
  );
});
