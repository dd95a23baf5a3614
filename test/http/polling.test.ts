// Polling: the snapshot as a plain answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import type { SnapshotMessage } from '../support/messages.ts';
import { publish, publishAll } from '../support/publish.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { KOREAN_RUN, STAGES } from '../support/stages.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

function poll(runId: string, headers: Record<string, string> = {}) {
  return request(`${service.url}/api/runs/${encodeURIComponent(runId)}`, { headers });
}

test('an unknown run is a 404 that says so', async () => {
  const { statusCode, headers, body } = await poll('unknown');
  assert.equal(statusCode, 404);
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.equal(((await body.json()) as { code: string }).code, 'unknown-run');
});

test('a known run answers with the fields of the snapshot', async () => {
  const events = await publishAll(service, KOREAN_RUN, STAGES);
  const { statusCode, headers, body } = await poll(KOREAN_RUN);
  assert.equal(statusCode, 200);
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(headers['cache-control'], 'no-cache');
  assert.equal(headers.etag, `"${events.at(-1)?.id}"`);
  const snapshot = (await body.json()) as SnapshotMessage;
  assert.equal(snapshot.run_id, KOREAN_RUN);
  assert.equal(snapshot.state, 'END');
  assert.equal(snapshot.progress, 1);
  assert.equal(snapshot.done, true);
  assert.deepEqual(
    snapshot.logs,
    STAGES.map(({ log }) => log),
  );
  assert.deepEqual(
    snapshot.log_times,
    events.map(({ ts }) => ts),
  );
});

test('If-None-Match with the newest id is answered with 304 until something happens', async () => {
  await publish(service, 'etag', { progress: 0.1 });
  const etag = String((await poll('etag')).headers.etag);
  for (const header of [
    etag,
    `W/${etag}`,
    etag.replace(/"$/, '-gzip"'),
    `W/${etag.replace(/"$/, '-br"')}`,
    `"1", ${etag}`,
    '*',
  ]) {
    const { statusCode, headers, body } = await poll('etag', { 'If-None-Match': header });
    assert.equal(statusCode, 304, header);
    assert.equal(headers.etag, etag);
    assert.equal(await body.text(), '');
  }
  await publish(service, 'etag', { progress: 0.2 });
  for (const header of [etag, '"1"', 'nonsense'])
    assert.equal((await poll('etag', { 'If-None-Match': header })).statusCode, 200, header);
});

test('decomposed and composed Korean name the same run', async () => {
  await publish(service, '고양이'.normalize('NFD'), { progress: 0.5 });
  const { statusCode, body } = await poll('고양이'.normalize('NFC'));
  assert.equal(statusCode, 200);
  assert.equal(((await body.json()) as SnapshotMessage).run_id, '고양이'.normalize('NFC'));
});

test('a run whose history Redis no longer has is a 503 while Redis is away, not a 404', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const withRedis = await startService({ REDIS_URL: redis.url });
  t.after(() => withRedis.stop());
  await publish(withRedis, 'known', { progress: 0.5 });
  await redis.stop();
  const unknown = await request(`${withRedis.url}/api/runs/never-read`);
  assert.equal(unknown.statusCode, 503);
  assert.equal(unknown.headers['retry-after'], '2');
  const ready = await request(`${withRedis.url}/readyz`);
  assert.equal(ready.statusCode, 503);
  assert.equal((await request(`${withRedis.url}/healthz`)).statusCode, 200);
});

test('counters and the attempt are in the snapshot once given', async () => {
  await publish(service, 'counted', { log: 'begun' });
  const before = (await (await poll('counted')).body.json()) as object;
  assert.ok(!('current' in before || 'total' in before || 'attempt' in before));
  const event = await publish(service, 'counted', { total: 40, current: 10, attempt: 2 });
  const after = (await (await poll('counted')).body.json()) as SnapshotMessage & Record<string, unknown>;
  assert.deepEqual([after.current, after.total, after.attempt, after.progress], [10, 40, 2, 0.25]);
  assert.equal(event.progress, 0.25);
});
