// CLIENT PAUSE: Redis is there, and does not answer for a while.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishAnswer } from '../support/publish.ts';
import { startWatchedRun } from '../support/watched-run.ts';

test('CLIENT PAUSE of everything: what was published meanwhile comes after it', async (t) => {
  const { worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);

  await worker.client('PAUSE', 4000);
  const publishing = run.publish(worker, 20);
  await run.untilUnready(/does not answer/);
  await run.addReaders();
  await publishing;
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 40, 'the end'));
});

test('CLIENT PAUSE of writes, for longer than an answer is waited for: a repeat with its key is recorded once', async (t) => {
  const { redis, worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);

  const admin = await redis.client();
  await admin.client('PAUSE', 60_000, 'WRITE');
  const key = { 'Idempotency-Key': 'once' };
  const answering = publishAnswer(run.service, run.runId, { log: 'once' }, key);
  // Asked behind the update, on the same connection.
  await run.untilUnready(/does not answer|connection/);
  await run.addReaders();
  const { status, body } = await answering;
  assert.deepEqual([status, body.code], [503, 'outcome-unknown']);
  await admin.client('UNPAUSE');
  await run.untilReady();
  assert.equal((await publishAnswer(run.service, run.runId, { log: 'once' }, key)).status, 201);
  assert.deepEqual(await run.assertRecovered(worker), [...run.lines(1, 20), 'once', 'the end']);
});
