// Readers that join while events flow: between the snapshot and what is live nothing may fall, or come twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type IdReader, openIdReader } from '../support/id-reader.ts';
import { assertDense } from '../support/invariants.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

const TICKS = 40;
const TICK_MS = 50;
const UPDATES_PER_TICK = 100;
const READERS_PER_TICK = 5;

test('200 readers that join while 2,000 updates a second flow see dense ids, no gap, no double', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url, HISTORY_LIMIT: '5000' });
  t.after(() => service.stop());
  const worker = await redis.client();
  const opening: Promise<IdReader>[] = [];
  for (let tick = 0; tick < TICKS; tick++) {
    const pipeline = worker.pipeline();
    for (let i = 1; i <= UPDATES_PER_TICK; i++) {
      const update = { run_id: 'busy', progress: tick / TICKS, log: `update ${tick * UPDATES_PER_TICK + i}` };
      pipeline.publish('autoshorts:progress', JSON.stringify(update));
    }
    await pipeline.exec();
    for (let i = 0; i < READERS_PER_TICK; i++) opening.push(openIdReader(service.eventsUrl('busy')));
    await pause(TICK_MS);
  }
  const readers = await Promise.all(opening);
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  await worker.publish('autoshorts:progress', '{"run_id":"busy","state":"END"}');

  const key = 'autoshorts:run:busy';
  const ends = await Promise.all(readers.map((reader) => reader.ended));
  assert.equal(await worker.llen(key), TICKS * UPDATES_PER_TICK + 1);
  const lastId = JSON.parse((await worker.lindex(key, -1)) ?? '').id;
  for (const [i, { ids, snapshots, gaps }] of readers.entries()) {
    assert.equal(ends[i], 'end');
    assert.ok(snapshots <= 1, `reader ${i} got ${snapshots} snapshots`);
    assert.equal(gaps, 0, `reader ${i}`);
    assertDense(ids);
    assert.equal(ids.at(-1), lastId, `reader ${i}`);
  }
});
