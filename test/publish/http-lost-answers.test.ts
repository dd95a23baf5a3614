// Publishing over HTTP while Redis loses answers, or is full: what was refused or in doubt is repeated under its key.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { type Answer, post } from './support/http-publishing.ts';
import { readLines } from './support/lines.ts';

async function startBehindProxy(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const service = await startService({ REDIS_URL: proxy.url });
  t.after(() => service.stop());
  return { redis, client, proxy, service };
}

/** Repeats until the server has its connection back. */
async function postUntilAnswered(...args: Parameters<typeof post>): Promise<Answer> {
  for (;;) {
    const answer = await post(...args);
    if (answer.body.code !== 'not-recorded') return answer;
  }
}

test('a client whose update met a lost answer repeats it, at any server, and has it recorded once', async (t) => {
  const { redis, client, proxy, service } = await startBehindProxy(t);
  const other = await startService({ REDIS_URL: redis.url });
  t.after(() => other.stop());
  await postUntilAnswered(service, 'r', { log: 'zero' });
  proxy.cutEvery(1);
  const lost = await post(service, 'r', { log: 'one' }, 'k');
  proxy.cutEvery(0);
  assert.deepEqual([lost.status, lost.body.code], [503, 'outcome-unknown']);
  const repeat = await post(other, 'r', { log: 'one' }, 'k');
  assert.deepEqual([repeat.status, repeat.replayed, repeat.body.message], [201, true, 'one']);
  const again = await postUntilAnswered(service, 'r', { log: 'one' }, 'k');
  assert.deepEqual([again.status, again.replayed, again.body.id], [201, true, repeat.body.id]);
  assert.deepEqual(await readLines(client, 'r'), ['zero', 'one']);
  assert.equal((await readHistory(client, 'r'))[1]?.record.key, 'k');
});

test('of a batch whose answer was lost no update is reported as not recorded', async (t) => {
  const { client, proxy, service } = await startBehindProxy(t);
  await postUntilAnswered(service, 'r', { log: 'zero' });
  const events = [{ log: 'one' }, { log: 'two' }, { log: 'three' }];
  proxy.cutEvery(1);
  const lost = await post(service, 'r', { events }, 'k');
  proxy.cutEvery(0);
  assert.deepEqual(
    lost.body.events.map(({ code }: { code: string }) => code),
    ['outcome-unknown', 'outcome-unknown', 'outcome-unknown'],
  );
  const isAnswered = ({ body }: Answer) =>
    body.events.every(({ status }: { status: number }) => status === 201);
  let repeat = await post(service, 'r', { events }, 'k');
  while (!isAnswered(repeat)) repeat = await post(service, 'r', { events }, 'k');
  assert.deepEqual(await readLines(client, 'r'), ['zero', 'one', 'two', 'three']);
});

test('a full Redis records nothing of a batch, and the repeat under its key all', async (t) => {
  const { client, service } = await startBehindProxy(t);
  const events = [{ log: 'one' }, { log: 'one again' }];
  await client.config('SET', 'maxmemory', 1);
  const refused = await post(service, 'r', { events }, 'k');
  await client.config('SET', 'maxmemory', 0);
  assert.deepEqual(
    refused.body.events.map(({ status, code }: { status: number; code: string }) => [status, code]),
    [
      [503, 'not-recorded'],
      [503, 'not-recorded'],
    ],
  );
  assert.deepEqual(await readHistory(client, 'r'), []);
  await post(service, 'r', { events }, 'k');
  assert.deepEqual(await readLines(client, 'r'), ['one', 'one again']);
});
