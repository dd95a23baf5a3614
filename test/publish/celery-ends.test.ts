// A Celery task ends in every way that there is, and its run says so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { startCeleryProgram } from './support/celery-program.ts';

const HOW = {
  raise: /^ValueError: bad$/,
  kill: /SIGKILL/,
  hard: /^TimeLimitExceeded/,
  soft: /^SoftTimeLimit/,
  revoked: /^(the task was )?ended by SIGTERM$/,
};

/** Each attempt's states, and its last line. */
const RETRIED = {
  by_itself: [
    ['A', 'ValueError: bad'],
    ['A END', ''],
  ],
  by_hand: [
    ['A', 'ValueError: bad'],
    ['A END', ''],
  ],
  in_vain: [
    ['A', 'ValueError: bad'],
    ['A FAILED', 'ValueError: bad'],
  ],
};

test('however a Celery task dies its run is FAILED, once, with the values that it had, and one that is tried again goes on', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const environment = { REDIS_URL: redis.url, BROKER_URL: redis.url };
  const worker = await startCeleryProgram('celery_ends', environment, ['--pool=prefork', '--concurrency=2']);
  t.after(() => worker.stop('SIGKILL'));
  await worker.run('send()');
  const whenDone = (runId: string) =>
    pollUntil(`the end of ${runId}`, async () => {
      const events = await readHistory(client, runId);
      return events.at(-1)?.done && events;
    });
  for (const runId of ['plain-revoked', 'whole-revoked']) {
    await pollUntil(
      `the first word of ${runId}`,
      async () => (await readHistory(client, runId)).at(-1)?.state,
    );
    await worker.run(`revoke("${runId}")`);
  }
  for (const kind of ['plain', 'whole']) {
    for (const [how, line] of Object.entries(HOW)) {
      const ends = (await whenDone(`${kind}-${how}`)).filter(({ done }) => done);
      assert.deepEqual(
        ends.map(({ state, progress }) => ({ state, progress })),
        [{ state: 'FAILED', progress: 0.5 }],
        `${kind}-${how}`,
      );
      assert.match(ends[0]?.message ?? '', line);
    }
    assert.match((await whenDone(`${kind}-expired`)).at(-1)?.message ?? '', /expired before it began/);
  }
  for (const [runId, attempts] of Object.entries(RETRIED)) {
    const events = (await whenDone(runId)) as unknown as Record<string, string>[];
    const seen = [...new Set(events.map(({ attempt }) => attempt))].map((number) => {
      const ofAttempt = events.filter(({ attempt }) => attempt === number);
      const states = new Set(ofAttempt.map(({ state }) => state));
      states.delete(null as unknown as string);
      return [[...states].join(' '), ofAttempt.at(-1)?.message];
    });
    assert.deepEqual(seen, attempts, runId);
  }
  const [end, ...more] = (await whenDone('whole-return')).filter(({ done }) => done);
  assert.deepEqual([end?.state, more], ['END', []]);
});
