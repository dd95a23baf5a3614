// Connections break at random, and yet: as long as one server hears a raw message, it is recorded, and once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { readHistory } from '../support/history-list.ts';
import { assertDense, assertNothingLostSilently } from '../support/invariants.ts';
import { chooseSeed, createRandom, type Random } from '../support/random.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

const RUNS = ['하나', 'two', 'three', 'four', 'five'];
const MESSAGES_PER_RUN = 800;
const CUT_MS = 150;

test('three servers whose subscribers are cut at random record 4,000 messages, none lost, none doubled', async (t) => {
  const seed = chooseSeed();
  t.diagnostic(`SEED=${seed}`);
  const random = createRandom(seed);
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url, HISTORY_LIMIT: '5000' };
  const services = await Promise.all([env, env, env].map(startService));
  t.after(() => Promise.all(services.map((service) => service.stop())));
  // A cursor of 0 on a run that has not started: it gets every event.
  const readers = await Promise.all(
    services.flatMap((service) =>
      RUNS.map((run) => openSse(service.eventsUrl(run), { 'Last-Event-ID': '0' })),
    ),
  );
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  const worker = await redis.client();

  let cuts = 0;
  let isPublishing = true;
  const cutting = (async () => {
    while (isPublishing) {
      await pause(CUT_MS);
      if (await cutOne(worker, random)) cuts++;
    }
  })();
  for (let n = 1; n <= MESSAGES_PER_RUN; n++) {
    for (const run of RUNS)
      await worker.publish('autoshorts:progress', JSON.stringify({ run_id: run, log: `message ${n}` }));
    if (n % 2 === 0) await pause(5);
  }
  isPublishing = false;
  await cutting;
  t.diagnostic(`${cuts} cuts`);
  assert.ok(cuts > 5, `only ${cuts} cuts`);

  for (const reader of readers)
    await reader.until('every message', () => reader.progress().length >= MESSAGES_PER_RUN);
  for (const service of services) assert.equal((await service.stop()).code, 0);
  const expected = Array.from({ length: MESSAGES_PER_RUN }, (_, i) => `message ${i + 1}`).sort();
  for (const [i, run] of RUNS.entries()) {
    const events = await readHistory(worker, run);
    assert.deepEqual(events.map(({ message }) => message).sort(), expected);
    assertDense(events.map(({ id }) => id));
    const recorded = events.map(({ record, ...event }) => event);
    for (const reader of readers.filter((_, at) => at % RUNS.length === i)) {
      assertNothingLostSilently(reader.all());
      assert.deepEqual(reader.all(), recorded);
    }
  }
});

/** Never the last one that hears: a bare PUBLISH without a subscriber is gone. False when there was no other. */
async function cutOne(client: Redis, random: Random): Promise<boolean> {
  const list = String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  const ids = list.split('\n').flatMap((line) => /^id=(\d+) /.exec(line)?.[1] ?? []);
  const [, hearing] = await client.pubsub('NUMSUB', 'autoshorts:progress');
  const id = ids[random.below(Math.max(ids.length, 1))];
  if (Number(hearing) < 2 || id === undefined) return false;
  await client.client('KILL', 'ID', id);
  return true;
}
