// A flood, and readers that take nothing: they cost no memory beyond what a socket holds, and those that keep up lose
// nothing by them.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { openIdReader } from '../support/id-reader.ts';
import { assertDense } from '../support/invariants.ts';
import { pollUntil } from '../support/poll-until.ts';
import { openRaw } from '../support/raw-connection.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

const STALLED = 200;
const KEEPING_UP = 2;
const ROUNDS = 100;
const PER_ROUND = 250;
const LOG = 'x'.repeat(8000);
/** With a queue for each, though all queues share the bytes, it was 300 MB. */
const MAX_GROWTH_KB = 200 * 1024;

/** Resident memory of a process, kB (Linux' proc(5)). */
async function residentKb(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

test('200 readers that take nothing of 200 MB cost no memory, and those that keep up get all', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const worker = await redis.client();
  const readers = await Promise.all(
    Array.from({ length: KEEPING_UP }, () => openIdReader(service.eventsUrl('r'))),
  );
  for (const reader of readers) t.after(reader.close);
  for (let i = 0; i < STALLED; i++) {
    const stalled = await openRaw(service.port, { paused: true });
    t.after(stalled.reset);
    stalled.send('GET /api/runs/r/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  }
  const before = await residentKb(service.pid);
  let most = before;
  for (let round = 1; round <= ROUNDS; round++) {
    const updates = worker.pipeline();
    for (let i = 0; i < PER_ROUND; i++)
      updates.publish('autoshorts:progress', JSON.stringify({ run_id: 'r', log: LOG }));
    await updates.exec();
    // Who keeps up has this round before the next one begins.
    await pollUntil(`round ${round}`, async () =>
      readers.every(({ ids }) => ids.length === round * PER_ROUND),
    );
    most = Math.max(most, await residentKb(service.pid));
  }
  for (const { ids, gaps } of readers) {
    assertDense(ids);
    assert.equal(gaps, 0);
  }
  assert.ok(most - before < MAX_GROWTH_KB, `it grew by ${most - before} kB`);
  t.diagnostic(`resident memory grew by ${Math.round((most - before) / 1024)} MB`);
});
