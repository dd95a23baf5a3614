// The heartbeats of a silent body in Node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHeartbeat } from '../../src/publish/heartbeat.ts';
import { assertApart, listenFor } from './support/announced.ts';
import { startNodeTrial } from './support/node-trial.ts';

test('heartbeats say that a silent body lives', async (t) => {
  const { redis, publisher, read } = await startNodeTrial(t);
  const { heard } = await listenFor(redis, 'silent', 4);
  await publisher.track('silent', () => heard, { heartbeatMs: 20 });
  const events = await read('silent');
  assert.ok(events.length >= 5);
  assert.ok(events.slice(0, -1).every(({ state, message }) => state === null && message === ''));
  assert.equal(events.at(-1)?.state, 'END');
  await assert.rejects(
    publisher.track('silent', () => {}, { heartbeatMs: 0 }),
    {
      name: 'TypeError',
      message: 'heartbeatMs must be a number from 1 to 2147483647, not 0',
    },
  );
});

test('of the silent parts of a run no more heartbeats are recorded than of one', async (t) => {
  const { redis, publisher, read } = await startNodeTrial(t);
  const { heard } = await listenFor(redis, 'parts', 6);
  const parts = Array.from({ length: 8 }, (_, i) =>
    publisher.track('parts', () => heard, { part: `${i}`, heartbeatMs: 50 }),
  );
  await Promise.all(parts);
  assertApart(await read('parts'), 45);
});

test('heartbeats of a day of silence leave room in the history, and come often again after a word', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let beats = 0;
  const heartbeat = createHeartbeat(30_000, () => beats++);
  t.after(() => heartbeat.stop());
  const countIn = (ms: number) => {
    const before = beats;
    t.mock.timers.tick(ms);
    return beats - before;
  };
  assert.equal(countIn(24 * 3_600_000), 396);
  heartbeat.restart();
  assert.deepEqual([countIn(3_600_000), countIn(3_600_000)], [120, 12]);
});
