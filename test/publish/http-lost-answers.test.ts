// Publishing over HTTP while Redis loses answers, or is full: what was refused or in doubt is repeated under its key.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { linesOf, readHistory } from './support/history.ts';
import { type Answer, post } from './support/http-publishing.ts';
import { startProxy } from './support/proxy.ts';
import { startRedis } from './support/redis.ts';
import { startService } from './support/service.ts';

async function startBehindProxy(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.close);
  const proxy = await startProxy(redis.port);
  t.after(proxy.close);
  const service = await startService({ REDIS_URL: proxy.url });
  t.after(service.close);
  return { redis, proxy, service };
}

/** Repeats until the server has its connection back. */
async function postUntilAnswered(...args: Parameters<typeof post>): Promise<Answer> {
  for (;;) {
    const answer = await post(...args);
    if (answer.body.code !== 'not-recorded') return answer;
  }
}

test('a client whose update met a lost answer repeats it, at any server, and has it recorded once', async (t) => {
  const { redis, proxy, service } = await startBehindProxy(t);
  const other = await startService({ REDIS_URL: redis.url });
  t.after(other.close);
  await postUntilAnswered(service, 'r', { log: 'zero' });
  proxy.cutEvery(1);
  const lost = await post(service, 'r', { log: 'one' }, 'k');
  proxy.cutEvery(0);
  assert.deepEqual([lost.status, lost.body.code], [503, 'outcome-unknown']);
  const repeat = await post(other, 'r', { log: 'one' }, 'k');
  assert.deepEqual([repeat.status, repeat.replayed, repeat.body.message], [201, true, 'one']);
  const again = await postUntilAnswered(service, 'r', { log: 'one' }, 'k');
  assert.deepEqual([again.status, again.replayed, again.body.id], [201, true, repeat.body.id]);
  const events = await readHistory(redis, 'r');
  assert.deepEqual(linesOf(events), ['zero', 'one']);
  assert.ok(events[1]?.element.endsWith('","key":"k"}}'));
});

test('of a batch whose answer was lost no update is reported as not recorded', async (t) => {
  const { redis, proxy, service } = await startBehindProxy(t);
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
  assert.deepEqual(linesOf(await readHistory(redis, 'r')), ['zero', 'one', 'two', 'three']);
});

test('a full Redis records nothing of a batch, and the repeat under its key all', async (t) => {
  const { redis, service } = await startBehindProxy(t);
  const events = [{ log: 'one' }, { log: 'one again' }];
  await redis.command('CONFIG', 'SET', 'maxmemory', 1);
  const refused = await post(service, 'r', { events }, 'k');
  await redis.command('CONFIG', 'SET', 'maxmemory', 0);
  assert.deepEqual(
    refused.body.events.map(({ status, code }: { status: number; code: string }) => [status, code]),
    [
      [503, 'not-recorded'],
      [503, 'not-recorded'],
    ],
  );
  assert.deepEqual(await readHistory(redis, 'r'), []);
  await post(service, 'r', { events }, 'k');
  assert.deepEqual(linesOf(await readHistory(redis, 'r')), ['one', 'one again']);
});
