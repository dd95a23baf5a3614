// One run as text/event-stream: what a reader gets from the first byte to the end.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { publish, publishAll } from '../support/publish.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse, readSse, type SseReader } from '../support/sse-reader.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

const isPing = ({ event }: { event: string | undefined }) => event === 'ping';

test('headers, a retry and a ping come at once, though the run is silent', async (t) => {
  const reader = await openSse(service.eventsUrl('silent'));
  t.after(reader.close);
  assert.equal(reader.status, 200);
  assert.equal(reader.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.equal(reader.headers['cache-control'], 'no-cache, no-store, no-transform');
  assert.equal(reader.headers['x-accel-buffering'], 'no');
  const ping = await reader.until('a ping', () => reader.messages.find(isPing));
  assert.match(ping.data, /^\d{13}$/);
  assert.equal(ping.id, undefined, 'a ping must not move the cursor');
  assert.equal(reader.retries.length, 1);
});

test('without a cursor comes a snapshot with what the run is, then what happens', async (t) => {
  const recorded = await publishAll(service, 'snapshot', [
    { state: 'PLOT_GENERATION', progress: 0.1, log: '플롯 생성 시작' },
    { progress: 0.2, data: { url: '/a.mp4' } },
    { log: 'CSV 생성 완료' },
  ]);
  const reader = await openSse(service.eventsUrl('snapshot'));
  t.after(reader.close);
  await reader.until('a snapshot', () => reader.all().length > 0);
  assert.deepEqual(reader.all()[0], {
    type: 'initial_state',
    run_id: 'snapshot',
    id: recorded[2]?.id,
    ts: recorded[2]?.ts,
    started: recorded[0]?.ts,
    first_id: recorded[0]?.id,
    state: 'PLOT_GENERATION',
    progress: 0.2,
    logs: ['플롯 생성 시작', 'CSV 생성 완료'],
    log_times: [recorded[0]?.ts, recorded[2]?.ts],
    states: ['PLOT_GENERATION'],
    state_times: [recorded[0]?.ts],
    data: { url: '/a.mp4' },
    done: false,
  });
  const event = await publish(service, 'snapshot', { progress: 0.3 });
  await reader.until('an event', () => reader.all().length > 1);
  assert.deepEqual(reader.all()[1], event);
  assert.deepEqual(
    reader.messages.filter((message) => !isPing(message)).map(({ id, event: name }) => [id, name]),
    [
      [String(recorded[2]?.id), undefined],
      [String(event.id), undefined],
    ],
  );
});

test('events have the folded state and progress, an empty message without a log, data only when given', async (t) => {
  const reader = await openSse(service.eventsUrl('folded'));
  t.after(reader.close);
  await publishAll(service, 'folded', [
    { log: 'first' },
    { progress: 0.5 },
    { state: 'QA', data: { a: [] } },
    {},
  ]);
  await reader.until('four events', () => reader.progress().length === 4);
  const events = reader.progress().map(({ id, ts, type, run_id, ...rest }) => rest);
  assert.deepEqual(events, [
    { state: null, progress: null, message: 'first' },
    { state: null, progress: 0.5, message: '' },
    { state: 'QA', progress: 0.5, message: '', data: { a: [] } },
    { state: 'QA', progress: 0.5, message: '' },
  ]);
});

test('the stream ends after a terminal event, and whoever has that gets 204', async () => {
  for (const state of ['END', 'FAILED']) {
    const reader = await openSse(service.eventsUrl(`to ${state}`));
    const event = await publish(service, `to ${state}`, { state });
    assert.equal(await reader.ended, 'end');
    assert.deepEqual(reader.all(), [event]);
    assert.equal(event.done, true);
    const { statusCode } = await request(service.eventsUrl(`to ${state}`), {
      headers: { 'Last-Event-ID': String(event.id) },
    });
    assert.equal(statusCode, 204);
  }
});

test('a late visitor of a finished run gets its snapshot, then the end', async () => {
  await publishAll(service, 'finished', [{ log: 'one' }, { state: 'END', progress: 1, log: 'two' }]);
  const reader = await readSse(service.eventsUrl('finished'));
  const [snapshot] = reader.snapshots();
  assert.equal(reader.all().length, 1);
  assert.deepEqual([snapshot?.done, snapshot?.state, snapshot?.logs], [true, 'END', ['one', 'two']]);
});

test('a state that is not terminal re-opens a run, a log line does not', async (t) => {
  await publish(service, 'retried', { state: 'FAILED' });
  const late = await publish(service, 'retried', { log: 'a late line' });
  assert.equal(late.done, true);
  await publish(service, 'retried', { state: 'PLOT_GENERATION' });
  const reader = await openSse(service.eventsUrl('retried'));
  t.after(reader.close);
  const event = await publish(service, 'retried', { progress: 0.1 });
  await reader.until('the event', () => reader.all().at(-1)?.id === event.id);
  assert.equal(reader.snapshots()[0]?.done, false);
});

test('silence is filled with pings', async (t) => {
  const impatient = await startService({ HEARTBEAT_SECONDS: '1' });
  t.after(() => impatient.stop());
  const reader = await openSse(impatient.eventsUrl('silent'));
  t.after(reader.close);
  await reader.until('three pings', () => reader.messages.filter(isPing).length >= 3);
  const times = reader.messages.map(({ data }) => Number(data));
  assert.ok((times[2] ?? 0) - (times[1] ?? 0) >= 900, `${times}`);
});

test('each stream has its own moment to come back', async (t) => {
  const readers = await Promise.all(Array.from({ length: 20 }, () => openSse(service.eventsUrl('spread'))));
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  for (const reader of readers) await reader.until('retry', () => reader.retries.length > 0);
  assert.ok(new Set(readers.map(({ retries }: SseReader) => retries[0])).size > 10);
});

test('beyond MAX_CONNECTIONS comes 503 with Retry-After, and a place is free again after one has gone', async (t) => {
  const small = await startService({ MAX_CONNECTIONS: '2' });
  t.after(() => small.stop());
  const readers = await Promise.all([openSse(small.eventsUrl('a')), openSse(small.eventsUrl('b'))]);
  const refused = await request(small.eventsUrl('c'));
  assert.equal(refused.statusCode, 503);
  assert.equal(refused.headers['retry-after'], '5');
  assert.equal(((await refused.body.json()) as { code: string }).code, 'too-many-connections');
  await publish(small, 'a', { state: 'END' });
  assert.equal(await readers[0]?.ended, 'end');
  const next = await openSse(small.eventsUrl('c'));
  assert.equal(next.status, 200);
  next.close();
  readers[1]?.close();
});
