// Publishing over HTTP: what an Idempotency-Key promises, and batches. With both stores.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { linesOf, readHistory } from './support/history.ts';
import { startProxy } from './support/proxy.ts';
import { type RedisProcess, startRedis } from './support/redis.ts';
import { type RunningService, startService } from './support/service.ts';

interface Answer {
  status: number;
  replayed: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service answers
  body: any;
}

async function post(service: RunningService, runId: string, body: unknown, key?: string): Promise<Answer> {
  const response = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key !== undefined && { 'Idempotency-Key': key }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    replayed: response.headers.get('Idempotent-Replayed') === 'true',
    body: await response.json(),
  };
}

async function logsOf(service: RunningService, runId: string): Promise<string[]> {
  const response = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}`);
  const { logs } = (await response.json()) as { logs: string[] };
  return logs;
}

type Start = (t: TestContext, environment?: Record<string, string>) => Promise<RunningService>;

const startInMemory: Start = async (t, environment = {}) => {
  const service = await startService(environment);
  t.after(service.close);
  return service;
};

const startOnRedis: Start = async (t, environment = {}) => {
  const redis = await startRedis();
  t.after(redis.close);
  return startInMemory(t, { REDIS_URL: redis.url, ...environment });
};

for (const [name, start] of [
  ['in memory', startInMemory],
  ['on Redis', startOnRedis],
] as const) {
  describe(`publishing over HTTP, runs kept ${name}`, () => {
    test('a repeat under the same key is answered with the first event, and records nothing', async (t) => {
      const service = await start(t);
      const first = await post(service, 'r', { state: 'A', log: 'one' }, 'k1');
      assert.deepEqual([first.status, first.replayed], [201, false]);
      await post(service, 'r', { log: 'two' }, 'k2');
      await post(service, 'r', { log: 'three' });
      const repeat = await post(service, 'r', { state: 'A', log: 'one' }, 'k1');
      assert.deepEqual(repeat, { ...first, replayed: true });
      assert.deepEqual(await logsOf(service, 'r'), ['one', 'two', 'three']);
    });

    test('a key is one of its run alone', async (t) => {
      const service = await start(t);
      await post(service, 'a', { log: 'one' }, 'k');
      const other = await post(service, 'b', { log: 'two' }, 'k');
      assert.deepEqual([other.status, other.replayed, other.body.message], [201, false, 'two']);
    });

    test('a key is known as long as its event is in the history', async (t) => {
      const service = await start(t, { HISTORY_LIMIT: '3' });
      const first = await post(service, 'r', { log: 'one' }, 'k');
      for (const log of ['two', 'three']) await post(service, 'r', { log });
      assert.equal((await post(service, 'r', { log: 'one' }, 'k')).replayed, true);
      await post(service, 'r', { log: 'four' });
      const later = await post(service, 'r', { log: 'one' }, 'k');
      assert.equal(later.replayed, false);
      assert.equal(later.body.id, first.body.id + 4);
    });

    test('any visible ASCII is a key, and disturbs neither the history nor what readers get', async (t) => {
      const service = await start(t);
      const keys = [
        '"quoted"',
        '\\',
        '}}',
        '","sources":"',
        ',"record":{"started":1,"set":"0_0_0","epochs":"","sources":""}}',
        '%s%d(.*)',
        'x'.repeat(255),
      ];
      const firsts: Answer[] = [];
      for (const key of keys) firsts.push(await post(service, 'r', { log: key }, key));
      for (const [i, key] of keys.entries())
        assert.deepEqual(await post(service, 'r', {}, key), { ...firsts[i], replayed: true });
      assert.deepEqual(
        firsts.map(({ body }) => body.id - firsts[0]?.body.id),
        keys.map((_, i) => i),
      );
      assert.ok(firsts.every(({ body }) => !('record' in body) && !('key' in body)));
    });

    test('what an update holds is no key', async (t) => {
      const service = await start(t);
      await post(service, 'r', { log: '","key":"k"}}', data: { record: { sources: '', key: 'k' } } });
      assert.equal((await post(service, 'r', { log: 'one' }, 'k')).replayed, false);
      assert.equal((await post(service, 'r', { log: 'one' }, 'k')).replayed, true);
    });

    test('other keys are refused', async (t) => {
      const service = await start(t);
      for (const key of ['', 'x'.repeat(256), 'two words', 'k\u00e9y']) {
        const { status, body } = await post(service, 'r', { log: 'x' }, key);
        assert.deepEqual([status, body.code], [400, 'bad-idempotency-key'], key);
      }
    });

    test('of repeats that come at once one is recorded', async (t) => {
      const service = await start(t);
      const posts = Array.from({ length: 20 }, () => post(service, 'r', { log: 'one' }, 'k'));
      const answers = await Promise.all(posts);
      assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
      assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
      assert.deepEqual(await logsOf(service, 'r'), ['one']);
    });

    test('a batch is recorded in order, with an answer for each of its updates', async (t) => {
      const service = await start(t);
      const events = [
        { log: 'one' },
        { progress: 40, state: '' },
        5,
        { log: 'two', run_id: 'r' },
        { run_id: 'x' },
      ];
      const { status, body } = await post(service, 'r', { events });
      assert.equal(status, 200);
      const [one, badFields, noObject, two, badRun] = body.events;
      assert.deepEqual(
        [one.status, one.event.message, two.status, two.event.message],
        [201, 'one', 201, 'two'],
      );
      assert.equal(two.event.id, one.event.id + 1);
      assert.deepEqual([badFields.status, badFields.code], [422, 'bad-update']);
      assert.deepEqual(
        badFields.errors.map(({ field }: { field: string }) => field),
        ['state', 'progress'],
      );
      assert.deepEqual([noObject.status, noObject.code], [422, 'bad-update']);
      assert.deepEqual([badRun.status, badRun.errors[0].field], [422, 'run_id']);
      assert.deepEqual(await logsOf(service, 'r'), ['one', 'two']);
    });

    test('a batch repeated under its key is answered as at first, and its key is none of an update alone', async (t) => {
      const service = await start(t);
      const events = [{ log: 'one' }, { state: '' }, { log: 'two' }];
      const first = await post(service, 'r', { events }, 'k');
      assert.deepEqual(await post(service, 'r', { events }, 'k'), first);
      assert.equal((await post(service, 'r', { log: 'three' }, 'k')).replayed, false);
      assert.equal((await post(service, 'r', { log: 'four' }, 'k0')).replayed, false);
      assert.deepEqual(await logsOf(service, 'r'), ['one', 'two', 'three', 'four']);
    });

    test('a batch has 1 to 100 updates, and more room than an update alone', async (t) => {
      const service = await start(t);
      const line = 'x'.repeat(2000);
      const full = await post(service, 'r', { events: Array.from({ length: 100 }, () => ({ log: line })) });
      assert.ok(full.body.events.every(({ status }: { status: number }) => status === 201));
      for (const events of [[], Array.from({ length: 101 }, () => ({})), {}, 'x']) {
        const { status, body } = await post(service, 'r', { events });
        assert.deepEqual([status, body.code], [422, 'bad-batch']);
      }
      const large = await post(service, 'r', { log: 'x', more: 'x'.repeat(70_000) });
      assert.deepEqual([large.status, large.body.code], [413, 'too-large']);
      const absent = await post(service, 'r', { log: 'an update', events: null });
      assert.equal(absent.status, 201);
    });
  });
}

async function startBehindProxy(t: TestContext) {
  const redis: RedisProcess = await startRedis();
  t.after(redis.close);
  const proxy = await startProxy(redis.port);
  t.after(proxy.close);
  const service = await startInMemory(t, { REDIS_URL: proxy.url });
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
  const other = await startInMemory(t, { REDIS_URL: redis.url });
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
