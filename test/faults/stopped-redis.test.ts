// SIGSTOP of Redis for ten seconds: connections stay open, and nothing is answered.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startWatchedRun } from '../support/watched-run.ts';

const STOPPED_MS = 10_000;

test('a Redis that stands still for ten seconds loses nothing', async (t) => {
  const { redis, worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);

  redis.signal('SIGSTOP');
  const over = pause(STOPPED_MS);
  // Redis reads these when it goes on, perhaps before the service has a connection again that it gave up.
  const publishing = run.publish(worker, 20);
  await run.untilUnready(/does not answer|connection/);
  await run.addReaders();
  await over;
  await run.untilUnready(/does not answer|connection/);
  redis.signal('SIGCONT');
  await publishing;
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 40, 'the end'));
});
