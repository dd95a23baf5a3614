// What a publisher promises in any language: nothing lost, nothing doubled, in order, whatever befalls Redis meanwhile.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { readSse } from '../support/sse-reader.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { lines, readLines } from './support/lines.ts';
import type { StartWorker } from './support/worker.ts';

const PATIENCE_MS = 60_000;

export function publisherContract(name: string, startWorker: StartWorker) {
  async function setUp(t: TestContext) {
    const redis = await startRedis();
    t.after(redis.stop);
    const client = await redis.client();
    const worker = await startWorker(redis.url);
    t.after(worker.close);
    return { redis, client, worker };
  }

  /** One that is away when the worker begins. */
  async function startAwayRedis(t: TestContext) {
    const redis = await startRedis();
    t.after(redis.stop);
    const client = await redis.client();
    await redis.kill();
    return { redis, client };
  }

  describe(`${name} publisher`, () => {
    test('what was published is in the history, folded and in order', async (t) => {
      const { client, worker } = await setUp(t);
      const data = { url: '/v/1', empty: [], small: 1e-7 };
      await worker.update('우주 1', { state: 'A', progress: 0.25, log: '시작 🎉' });
      await worker.update('우주 1', { data });
      await worker.update('우주 1', { state: 'END', progress: 1 });
      assert.equal(await worker.flush(PATIENCE_MS), true);
      const events = await readHistory(client, '우주 1');
      assert.deepEqual(
        events.map(({ state, progress, message, done, data }) => ({ state, progress, message, done, data })),
        [
          { state: 'A', progress: 0.25, message: '시작 🎉', done: undefined, data: undefined },
          { state: 'A', progress: 0.25, message: '', done: undefined, data },
          { state: 'END', progress: 1, message: '', done: true, data: undefined },
        ],
      );
      assert.deepEqual(worker.warnings(), []);
      const ttl = await client.pttl('autoshorts:run:우주 1');
      assert.ok(ttl > 0 && ttl <= 3_600_000, `a finished run expires in an hour, not in ${ttl} ms`);
    });

    test('a reader that comes afterwards gets 1,000 updates, once and in order, though answers were lost, Redis was away for a third of them and the service for another', async (t) => {
      const redis = await startRedis({ isDurable: true });
      t.after(redis.stop);
      const environment = { REDIS_URL: redis.url, HISTORY_LIMIT: '5000' };
      const early = await startService(environment);
      t.after(() => early.stop());
      const proxy = await startTcpProxy(redis.port);
      t.after(proxy.close);
      const worker = await startWorker(proxy.url);
      t.after(worker.close);
      proxy.cutEvery(3);
      // In pieces, or all would go in a few calls, and few answers could be lost.
      for (let first = 0; first < 330; first += 10) {
        await worker.publish('r', first, first + 10);
        await worker.flush(PATIENCE_MS);
      }
      await redis.kill();
      await worker.publish('r', 330, 600);
      const started = redis.restart();
      await worker.publish('r', 600, 660);
      await started;
      await early.stop();
      await worker.publish('r', 660, 1000);
      await worker.update('r', { state: 'END' });
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.ok(proxy.cuts >= 10, `${proxy.cuts} answers were lost`);

      const late = await startService(environment);
      t.after(() => late.stop());
      const reader = await readSse(late.eventsUrl('r'), { 'Last-Event-ID': '0' });
      assert.deepEqual(reader.snapshots(), []);
      const events = reader.progress();
      assert.deepEqual(
        events.map(({ message }) => message),
        [...lines(0, 1000), ''],
      );
      assertDense(events.map(({ id }) => id));
    });

    test('a Redis that was away from the start gets all when it comes', async (t) => {
      const { redis, client } = await startAwayRedis(t);
      const worker = await startWorker(redis.url);
      t.after(worker.close);
      await worker.publish('r', 0, 500);
      assert.equal(await worker.flush(1), false);
      await redis.restart();
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.deepEqual(await readLines(client, 'r'), lines(0, 500));
      const before = worker.warnings().length;
      assert.ok(before >= 1 && before <= 2, `once for the outage, not per update: ${worker.warnings()}`);
    });

    test('a Redis that comes back empty gets what it had not answered', async (t) => {
      const { redis, client, worker } = await setUp(t);
      await worker.publish('r', 0, 100);
      assert.equal(await worker.flush(PATIENCE_MS), true);
      await redis.kill();
      await worker.publish('r', 100, 200);
      await redis.restart();
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.deepEqual(await readLines(client, 'r'), lines(100, 200));
    });

    test('what a full Redis refuses is recorded when there is room, in order', async (t) => {
      const { client, worker } = await setUp(t);
      await worker.publish('r', 0, 50);
      assert.equal(await worker.flush(PATIENCE_MS), true);
      await client.config('SET', 'maxmemory', 1);
      const warned = worker.whenWarned();
      await worker.publish('r', 50, 100);
      assert.match(await warned, /OOM/);
      assert.equal(await worker.flush(1), false);
      await client.config('SET', 'maxmemory', 0);
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.deepEqual(await readLines(client, 'r'), lines(0, 100));
    });

    test('what a Redis that hung executes later, and is repeated meanwhile, is recorded once', async (t) => {
      const redis = await startRedis();
      t.after(redis.stop);
      const client = await redis.client();
      const proxy = await startTcpProxy(redis.port);
      t.after(proxy.close);
      const worker = await startWorker(proxy.url);
      t.after(worker.close);
      await worker.publish('r', 0, 1);
      assert.equal(await worker.flush(PATIENCE_MS), true);
      redis.signal('SIGSTOP');
      const left = proxy.whenClientLeaves();
      await worker.publish('r', 1, 100);
      await left;
      redis.signal('SIGCONT');
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.deepEqual(await readLines(client, 'r'), lines(0, 100));
    });

    test('a run that Redis refuses holds up no other', async (t) => {
      const { client, worker } = await setUp(t);
      await client.set('autoshorts:run:bad', 'x');
      for (let first = 0; first < 100; first += 10) {
        await worker.publish('bad', first, first + 10);
        await worker.publish('good', first, first + 10);
      }
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.deepEqual(await readLines(client, 'good'), lines(0, 100));
      assert.equal(worker.warnings().length, 1);
      assert.match(worker.warnings().join(), /WRONGTYPE/);
    });

    test('in a long outage the oldest lines go, and neither the end nor the order does', async (t) => {
      const { redis, client } = await startAwayRedis(t);
      const worker = await startWorker(redis.url, { historyLimit: 500 });
      t.after(worker.close);
      await worker.publish('r', 0, 200);
      await worker.update('r', { state: 'FAILED', data: { why: 'no' } });
      await worker.publish('r', 200, 5000);
      await worker.update('r', { progress: 0.75 });
      await redis.restart();
      assert.equal(await worker.flush(PATIENCE_MS), true);
      const events = await readHistory(client, 'r');
      assert.equal(events.length, 500, 'the history is full');
      assert.deepEqual(await readLines(client, 'r'), lines(4501, 5000));
      assert.equal(events.at(-1)?.progress, 0.75);
    });

    test('input that can not be used is left out, said once, and loses nothing else', async (t) => {
      const { client, worker } = await setUp(t);
      // biome-ignore lint/suspicious/noExplicitAny: what a caller may do all the same
      const wrong = { state: 5, progress: 40, log: 'kept' } as any;
      for (let i = 0; i < 3; i++) await worker.update('r', wrong);
      await worker.update('', { log: 'x' });
      assert.equal(await worker.flush(PATIENCE_MS), true);
      assert.deepEqual(await readLines(client, 'r'), ['kept', 'kept', 'kept']);
      assert.deepEqual(
        worker.warnings().map((warning) => warning.split(' ')[0]),
        ['state', 'progress', 'run_id'],
      );
      assert.match(worker.warnings()[0] ?? '', /: it is left out/);
      assert.match(worker.warnings()[2] ?? '', /: the update is left out/);
    });
  });
}
