// What /metrics says of what happens: from 0 on, so that Prometheus sees the first one, and how long things take.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { ENDINGS } from '../../src/delivery/departure.ts';
import { TRANSPORTS } from '../../src/http/connections.ts';
import { PROBLEM_CODES } from '../../src/http/problem.ts';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

/** Each sample by its name and labels, as they are written. */
async function metricsOf(service: Service): Promise<ReadonlyMap<string, number>> {
  const { body } = await request(`${service.url}/metrics`);
  const samples = (await body.text()).matchAll(/^(run_progress_.+) (\S+)$/gm);
  return new Map([...samples].map(([, name = '', value]) => [name, Number(value)]));
}

async function untilMetric(service: Service, name: string, value: number) {
  await pollUntil(`${name} to be ${value}`, async () => (await metricsOf(service)).get(name) === value);
}

test('what can be counted is there with 0 before anything has happened', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const samples = await metricsOf(service);
  const expected = [
    ...['recorded', 'repeat', 'too-large', 'not-json', 'dropped-oldest', 'rejected', 'bad-progress'].map(
      (outcome) => `raw_messages_total{outcome="${outcome}"}`,
    ),
    ...['recorded', 'repeat', 'superseded', 'refused', 'unknown', 'bad-update'].map(
      (outcome) => `published_updates_total{outcome="${outcome}"}`,
    ),
    ...[
      'events_delivered_total',
      'events_replayed_total',
      'snapshots_delivered_total',
      'gaps_announced_total',
    ],
    ...TRANSPORTS.map((transport) => `connections{transport="${transport}"}`),
    ...ENDINGS.map((ending) => `readers_left_total{ending="${ending}"}`),
    ...['commands', 'subscriber'].map((name) => `redis_reconnections_total{connection="${name}"}`),
    ...['raw', 'http'].map((way) => `record_seconds_count{way="${way}"}`),
    ...['write_seconds_count', 'raw_messages_waiting'],
    // It was asked for, and not ready, while it started.
    ...PROBLEM_CODES.filter((code) => code !== 'not-ready').map((code) => `problems_total{code="${code}"}`),
  ];
  assert.deepEqual(
    expected.filter((name) => samples.get(`run_progress_${name}`) !== 0),
    [],
  );
});

test('how long updates take to be recorded, and events to be written, is counted for each once', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  await publish(service, 'r', { log: 'before' });
  const readers = [await openSse(service.eventsUrl('r')), await openSse(service.eventsUrl('r'))];
  for (const reader of readers) t.after(reader.close);
  for (const reader of readers) await reader.until('the snapshot', () => reader.all().length === 1);
  const client = await redis.client();
  await client.publish('autoshorts:progress', '{"run_id":"r","log":"raw"}');
  for (const reader of readers) await reader.until('the raw one', () => reader.progress().length === 1);
  const last = await publish(service, 'r', { log: 'http' });
  for (const reader of readers)
    await reader.until('the last one', () => reader.progress().at(-1)?.id === last.id);
  await untilMetric(service, 'run_progress_write_seconds_count', 2);
  await untilMetric(service, 'run_progress_record_seconds_count{way="raw"}', 1);
  const samples = await metricsOf(service);
  assert.equal(samples.get('run_progress_record_seconds_count{way="http"}'), 2);
  for (const name of ['record_seconds_bucket{le="+Inf",way="http"}', 'write_seconds_bucket{le="+Inf"}'])
    assert.equal(samples.get(`run_progress_${name}`), 2, name);
  const sum = samples.get('run_progress_write_seconds_sum') ?? -1;
  assert.ok(sum >= 0 && sum < 60, `${sum} s: by the clock of Redis`);
  assert.equal(samples.get('run_progress_events_delivered_total'), 4);
});

test('the connections to Redis are shown as they are, and how often they came back', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  for (const name of ['commands', 'subscriber'])
    assert.equal((await metricsOf(service)).get(`run_progress_redis_up{connection="${name}"}`), 1);
  await redis.kill();
  for (const name of ['commands', 'subscriber'])
    await untilMetric(service, `run_progress_redis_up{connection="${name}"}`, 0);
  await redis.restart();
  for (const name of ['commands', 'subscriber']) {
    await untilMetric(service, `run_progress_redis_up{connection="${name}"}`, 1);
    await untilMetric(service, `run_progress_redis_reconnections_total{connection="${name}"}`, 1);
  }
});

test('a refusal is counted by its code, by whatever way it was given', async (t) => {
  const service = await startService();
  t.after(() => service.stop());
  const before = await metricsOf(service);
  const statuses = await Promise.all(
    ['/nothing', '/api/runs/unknown', '/api/events', '/ws/r', '/api/runs/r/events?wait=x'].map(
      async (path) => {
        const { statusCode, body } = await request(service.url + path);
        await body.dump();
        return statusCode;
      },
    ),
  );
  assert.deepEqual(statuses, [404, 404, 400, 426, 400]);
  const after = await metricsOf(service);
  for (const code of ['not-found', 'unknown-run', 'no-run', 'upgrade-required', 'bad-wait']) {
    const name = `run_progress_problems_total{code="${code}"}`;
    assert.equal((after.get(name) ?? 0) - (before.get(name) ?? 0), 1, code);
  }
});
