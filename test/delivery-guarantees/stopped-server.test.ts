// A server that lags, and alone has heard some messages, records them after a newer server has recorded later ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse, readSse } from '../support/sse-reader.ts';

test('what a stopped server alone has heard is recorded when it wakes, and a finished run stays finished', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const worker = await redis.client();
  const publish = (update: object) => worker.publish('autoshorts:progress', JSON.stringify(update));
  const stopped = await startService({ REDIS_URL: redis.url });
  t.after(() => stopped.stop('SIGKILL'));

  stopped.program.kill('SIGSTOP');
  for (let n = 1; n <= 10; n++)
    await publish({ run_id: 'film', state: 'RENDERING', progress: n / 20, log: `heard by one alone ${n}` });
  await publish({ run_id: 'film', data: { from: 'before' } });
  const joined = await startService({ REDIS_URL: redis.url });
  t.after(() => joined.stop());
  const open = await openSse(`${joined.url}/api/events?run=film`);
  t.after(open.close);
  await publish({ run_id: 'film', state: 'END', progress: 1, log: 'done', data: { from: 'after' } });
  await open.until('the end', (reader) => reader.progress().some(({ done }) => done));

  stopped.program.kill('SIGCONT');
  await pollUntil('12 events', async () => (await worker.llen('autoshorts:run:film')) === 12);
  await open.until('the late ones', (reader) => reader.progress().length === 12);
  // Both have heard all by now, and record what they have before they end.
  assert.equal((await stopped.stop()).code, 0);
  const events = await readHistory(worker, 'film');
  assertDense(events.map(({ id }) => id));
  const late = Array.from({ length: 10 }, (_, i) => `heard by one alone ${i + 1}`);
  assert.deepEqual(
    events.map(({ message }) => message),
    ['done', ...late, ''],
  );
  for (const { state, progress, done } of events)
    assert.deepEqual({ state, progress, done }, { state: 'END', progress: 1, done: true });
  assert.deepEqual(events.map(({ data }) => data).filter(Boolean), [{ from: 'after' }]);

  const visitor = await readSse(joined.eventsUrl('film'));
  const [snapshot] = visitor.snapshots();
  assert.equal(snapshot?.state, 'END');
  assert.equal(snapshot?.done, true);
  assert.deepEqual(snapshot?.logs, ['done', ...late]);
  assert.deepEqual(snapshot?.data, { from: 'after' });
});
