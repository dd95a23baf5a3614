// A Python worker goes over to the master that the sentinels name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines, readLines } from '../publish/support/lines.ts';
import { startPythonWorker } from '../publish/support/worker.ts';
import { startSentinels } from '../support/sentinels.ts';
import { killMaster } from '../support/sentinels-trial.ts';

test('what a Python worker publishes before, during and after the death of a master is recorded once, in order', async (t) => {
  const sentinels = await startSentinels();
  t.after(sentinels.stop);
  const worker = await startPythonWorker(sentinels.url);
  t.after(worker.close);
  await worker.publish('r', 0, 300);
  const killed = killMaster(sentinels);
  await worker.publish('r', 300, 600);
  await killed;
  await worker.publish('r', 600, 900);
  assert.equal(await worker.flush(60_000), true);
  assert.deepEqual(await readLines(await sentinels.client(), 'r'), lines(0, 900));
});
