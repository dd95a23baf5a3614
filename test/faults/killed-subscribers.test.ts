// CLIENT KILL TYPE pubsub, again and again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publish } from '../support/publish.ts';
import { startWatchedRun } from '../support/watched-run.ts';

const ROUNDS = 10;

test('what is recorded while the subscriber is cut reaches every reader, each time', async (t) => {
  const { worker, run } = await startWatchedRun(t);
  await run.untilReady();
  await run.addReaders();

  const expected: string[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    assert.ok(Number(await worker.call('CLIENT', 'KILL', 'TYPE', 'pubsub')) > 0);
    const log = `over HTTP, in round ${round}`;
    await publish(run.service, run.runId, { log });
    if (round === ROUNDS / 2) await run.addReaders();
    await run.untilReady();
    await run.publish(worker, 2);
    expected.push(log, ...run.lines(run.published - 1, run.published));
    await run.untilAllHave(run.published);
  }
  assert.deepEqual(await run.assertRecovered(worker), [...expected, 'the end']);
});
