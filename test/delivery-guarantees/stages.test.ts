// The original's own use: a worker publishes the table of stages by a bare PUBLISH, a reader follows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertDense } from '../support/invariants.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';
import { KOREAN_RUN, STAGES } from '../support/stages.ts';

test('the stages of a video arrive in order, each once, and the stream ends for good', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const worker = await redis.client();
  const reader = await openSse(service.eventsUrl(KOREAN_RUN));
  t.after(reader.close);

  for (const stage of STAGES)
    await worker.publish('autoshorts:progress', JSON.stringify({ run_id: KOREAN_RUN, ...stage }));

  assert.equal(await reader.ended, 'end');
  const events = reader.progress();
  assert.equal(reader.snapshots().length, 0, 'a run that has not started has no snapshot');
  assert.deepEqual(
    events.map(({ state, progress, message }) => ({ state, progress, log: message })),
    STAGES,
  );
  assert.ok(events.every(({ run_id }) => run_id === KOREAN_RUN));
  assertDense(events.map(({ id }) => id));
  const ids = reader.messages.filter(({ event }) => event === undefined).map(({ id }) => Number(id));
  assert.deepEqual(
    ids,
    events.map(({ id }) => id),
  );

  const again = await openSse(service.eventsUrl(KOREAN_RUN), { 'Last-Event-ID': String(ids.at(-1)) });
  t.after(again.close);
  assert.equal(again.status, 204);
});
