// The Python publisher in the forked processes of a Celery worker, which end when they like.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCelery } from './support/celery.ts';
import { lines, linesOf, readHistory } from './support/history.ts';
import { startProxy } from './support/proxy.ts';
import { startRedis } from './support/redis.ts';

test('tasks of a Celery worker with forked processes lose and double nothing', async (t) => {
  const redis = await startRedis();
  t.after(redis.close);
  const proxy = await startProxy(redis.port);
  t.after(proxy.close);
  const celery = await startCelery(redis, proxy.url);
  t.after(celery.stop);
  proxy.cutEvery(2);
  await celery.send(...[0, 1, 2, 3].map((i): [string, number, number] => [`r${i}`, 0, 500]), [
    'r0',
    500,
    700,
  ]);
  await celery.logged(/ succeeded in /g, 5);
  await celery.stop();
  for (const i of [1, 2, 3]) {
    const events = await readHistory(redis, `r${i}`);
    assert.deepEqual(linesOf(events), lines(0, 500));
    assert.equal(events.at(-1)?.done, true);
  }
  const shared = linesOf(await readHistory(redis, 'r0'));
  const isSecond = (line: string) => Number(line.slice(5)) >= 500;
  assert.deepEqual(
    shared.filter((line) => !isSecond(line)),
    lines(0, 500),
  );
  assert.deepEqual(shared.filter(isSecond), lines(500, 700));
  assert.deepEqual(linesOf(await readHistory(redis, 'parent')), ['before the fork']);
  assert.ok(proxy.cuts > 0);
});

test('what waits in a Celery process that ends is recorded if Redis comes back at once', async (t) => {
  const redis = await startRedis();
  t.after(redis.close);
  const proxy = await startProxy(redis.port);
  t.after(proxy.close);
  const celery = await startCelery(redis, proxy.url);
  t.after(celery.stop);
  proxy.setOpen(false);
  await celery.send(['r', 0, 300]);
  await celery.logged(/ succeeded in /g);
  const stopped = celery.stop();
  await celery.logged(/a child ends/g);
  proxy.setOpen(true);
  await stopped;
  assert.deepEqual(linesOf(await readHistory(redis, 'r')), lines(0, 300));
});
