// Redis is full: it refuses what would be recorded, and still announces whatever is published.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishAnswer } from '../support/publish.ts';
import { startWatchedRun } from '../support/watched-run.ts';

test('what was heard while Redis was full is recorded when there is room, in order', async (t) => {
  const { worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);

  await worker.config('SET', 'maxmemory', 1);
  await run.publish(worker, 300);
  await run.untilUnready(/updates can't be recorded: .*OOM/);
  const { status, body } = await publishAnswer(run.service, run.runId, { log: 'in vain' });
  assert.deepEqual([status, body.code], [503, 'not-recorded']);
  await run.addReaders();
  await run.untilAllHave(20);
  // A subscriber that is new at this moment must still be able to set its marker.
  await worker.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await run.untilUnready(/updates can't be recorded: .*OOM/);
  await run.publish(worker, 100);

  await worker.config('SET', 'maxmemory', 0);
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 420, 'the end'));
});
