// Two servers on one Redis, as in a rolling deploy: both hear every raw message, and the history holds it once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';

const MESSAGES = 1000;

test('one of two servers is killed and started again amid 1,000 raw messages: each is recorded once', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url, HISTORY_LIMIT: '5000' };
  const steady = await startService(env);
  t.after(() => steady.stop());
  const killed = await startService(env);
  t.after(() => killed.stop('SIGKILL'));
  const worker = await redis.client();
  let restarting: ReturnType<typeof startService> | undefined;
  let afterRestart = 0;
  for (let n = 1; n <= MESSAGES; n++) {
    if (n === 250) killed.program.kill('SIGKILL');
    if (n === 400) restarting = startService({ ...env, PORT: String(killed.port) });
    // The restart takes as long as it takes: the last messages are for both.
    if (n === 750) {
      const restarted = await restarting;
      t.after(() => restarted?.stop());
    }
    if (n > 750) afterRestart++;
    await worker.publish('autoshorts:progress', JSON.stringify({ run_id: 'twice', log: `message ${n}` }));
    if (n % 10 === 0) await pause(5);
  }
  assert.equal(afterRestart, 250);
  const restarted = await restarting;

  // An orderly end: what was heard has been recorded.
  assert.deepEqual(await steady.stop(), { code: 0, signal: null });
  assert.deepEqual(await restarted?.stop(), { code: 0, signal: null });
  const events = await readHistory(worker, 'twice');
  assertDense(events.map(({ id }) => id));
  const expected = Array.from({ length: MESSAGES }, (_, i) => `message ${i + 1}`);
  assert.deepEqual(events.map(({ message }) => message).sort(), expected.sort());
});
