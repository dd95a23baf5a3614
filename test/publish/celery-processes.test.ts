// The Python publisher in the forked processes of a Celery worker, which end when they like.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startCelery } from './support/celery.ts';
import { lines, readLines } from './support/lines.ts';

/** A worker that reaches Redis through a proxy, and a client that looks at what it recorded. */
async function setUp(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const celery = await startCelery(redis, proxy.url);
  t.after(celery.stop);
  return { client, proxy, celery };
}

test('tasks of a Celery worker with forked processes lose and double nothing', async (t) => {
  const { client, proxy, celery } = await setUp(t);
  proxy.cutEvery(2);
  await celery.send(['r0', 0, 500], ['r1', 0, 500], ['r2', 0, 500], ['r3', 0, 500], ['r0', 500, 700]);
  await celery.logged(/ succeeded in /g, 5);
  // Of two processes one may lose its answers for seconds, until the other is done. What waits at the end of a process is
  // the next test's subject.
  for (const [i, count] of [700, 500, 500, 500].entries())
    await pollUntil(`all of r${i}`, async () => {
      const events = await readHistory(client, `r${i}`);
      return events.at(-1)?.done && events.filter(({ message }) => message !== '').length >= count;
    });
  await celery.stop();
  for (const i of [1, 2, 3]) {
    assert.deepEqual(await readLines(client, `r${i}`), lines(0, 500));
    assert.equal((await readHistory(client, `r${i}`)).at(-1)?.done, true);
  }
  const shared = await readLines(client, 'r0');
  const isSecond = (line: string) => Number(line.slice(5)) >= 500;
  assert.deepEqual(
    shared.filter((line) => !isSecond(line)),
    lines(0, 500),
  );
  assert.deepEqual(shared.filter(isSecond), lines(500, 700));
  assert.deepEqual(await readLines(client, 'parent'), ['before the fork']);
  assert.ok(proxy.cuts > 0);
});

test('what waits in a Celery process that ends is recorded if Redis comes back at once', async (t) => {
  const { client, proxy, celery } = await setUp(t);
  proxy.setOpen(false);
  await celery.send(['r', 0, 300]);
  await celery.logged(/ succeeded in /g);
  const stopped = celery.stop();
  await celery.logged(/a child ends/g);
  proxy.setOpen(true);
  await stopped;
  assert.deepEqual(await readLines(client, 'r'), lines(0, 300));
});
