// A reader that comes back: exactly the rest, once, or a snapshot that says that something is gone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ProgressMessage } from '../support/messages.ts';
import { publish, publishAll } from '../support/publish.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse, type SseReader } from '../support/sse-reader.ts';
import { KOREAN_RUN, STAGES } from '../support/stages.ts';

const LIMIT = 20;

/** How a cursor may be given. */
const WAYS: Record<string, (url: string, cursor: string) => Promise<SseReader>> = {
  'the Last-Event-ID header': (url, cursor) => openSse(url, { 'Last-Event-ID': cursor }),
  '?last_event_id=': (url, cursor) => openSse(`${url}?last_event_id=${encodeURIComponent(cursor)}`),
  '?lastEventId=': (url, cursor) => openSse(`${url}?lastEventId=${encodeURIComponent(cursor)}`),
};

let redis: RedisServer;
const services = new Map<string, Service>();
before(async () => {
  redis = await startRedis();
  const env = { HISTORY_LIMIT: String(LIMIT) };
  services.set('memory', await startService(env));
  services.set('Redis', await startService({ ...env, REDIS_URL: redis.url }));
});
after(async () => {
  for (const service of services.values()) await service.stop();
  await redis.stop();
});

for (const kind of ['memory', 'Redis']) {
  const service = () => services.get(kind) as Service;

  test(`on ${kind}, a reader that reconnects at every single id gets exactly the rest`, async () => {
    const recorded = await publishAll(service(), KOREAN_RUN, STAGES);
    for (const [name, open] of Object.entries(WAYS)) {
      for (const [i, { id }] of recorded.entries()) {
        const reader = await open(service().eventsUrl(KOREAN_RUN), String(id));
        await reader.ended;
        assert.deepEqual(reader.all(), recorded.slice(i + 1), `${name}, after event ${i}`);
        assert.equal(reader.status, i === recorded.length - 1 ? 204 : 200);
      }
      const all = await open(service().eventsUrl(KOREAN_RUN), '0');
      await all.ended;
      assert.deepEqual(all.all(), recorded, `${name}, cursor 0`);
    }
  });

  test(`on ${kind}, a reader that reconnects to a run that goes on gets the rest, then what is live`, async (t) => {
    const recorded = await publishAll(service(), 'goes on', [{ log: 'a' }, { log: 'b' }, { log: 'c' }]);
    const reader = await openSse(service().eventsUrl('goes on'), { 'Last-Event-ID': `${recorded[0]?.id}` });
    t.after(reader.close);
    const next = await publish(service(), 'goes on', { log: 'd' });
    await reader.until('all', () => reader.all().length === 3);
    assert.deepEqual(reader.all(), [...recorded.slice(1), next]);
  });

  test(`on ${kind}, a cursor that is ahead, older or malformed gets a snapshot with a gap, then what follows`, async (t) => {
    const updates = Array.from({ length: LIMIT + 5 }, (_, i) => ({ log: `line ${i}` }));
    const recorded = await publishAll(service(), 'trimmed', updates);
    const kept = recorded.slice(-LIMIT);
    const first = kept[0]?.id ?? 0;
    const lost: Record<string, string> = {
      ahead: String(first + LIMIT),
      'far ahead': '9007199254740991',
      older: String(first - 2),
      'long gone': '1',
      negative: '-1',
      words: 'abc',
      'two headers joined': `${first}, ${first}`,
      hexadecimal: '0x10',
      fraction: '1.5',
      exponent: '1e15',
      'leading zero': `0${first}`,
      'too large': '99999999999999999999',
      spaces: ' ',
    };
    for (const [name, cursor] of Object.entries(lost)) {
      // A header's value loses the spaces around it.
      const ways = name === 'spaces' ? Object.entries(WAYS).slice(1) : Object.entries(WAYS);
      for (const [way, open] of ways) {
        const reader = await open(service().eventsUrl('trimmed'), cursor);
        t.after(reader.close);
        const snapshot = await reader.until('a snapshot', () => reader.snapshots()[0]);
        assert.equal(snapshot.gap, true, `${name} by ${way}`);
        assert.equal(snapshot.id, recorded.at(-1)?.id);
        assert.equal(snapshot.first_id, first);
        assert.deepEqual(
          snapshot.logs,
          kept.map(({ message }) => message),
        );
      }
    }
    // The last that misses nothing: the one right before the history.
    const last = await openSse(service().eventsUrl('trimmed'), { 'Last-Event-ID': String(first - 1) });
    t.after(last.close);
    await last.until('all that is kept', () => last.all().length === LIMIT);
    assert.deepEqual(last.all(), kept);
    const all = await openSse(service().eventsUrl('trimmed'), { 'Last-Event-ID': '0' });
    t.after(all.close);
    await all.until('all that is kept', () => all.all().length === LIMIT);
    assert.deepEqual(all.all(), kept, 'the wish for all that is retained announces no gap');
  });

  test(`on ${kind}, a run that nobody has heard of has not started: the stream waits for it`, async (t) => {
    const waiting: SseReader[] = [];
    for (const cursor of ['', '0'])
      waiting.push(await openSse(service().eventsUrl('to come'), { 'Last-Event-ID': cursor }));
    t.after(() => {
      for (const reader of waiting) reader.close();
    });
    const event = await publish(service(), 'to come', { state: 'END' });
    for (const reader of waiting) {
      assert.equal(await reader.ended, 'end');
      assert.deepEqual(reader.all(), [event]);
    }
  });

  test(`on ${kind}, a cursor of a run that nobody has heard of gets a gap at once, then what follows`, async (t) => {
    const reader = await openSse(service().eventsUrl('expired'), { 'Last-Event-ID': '1763800000000012' });
    t.after(reader.close);
    await reader.until('a snapshot', () => reader.all().length === 1);
    assert.deepEqual(reader.all()[0], {
      type: 'initial_state',
      run_id: 'expired',
      id: 0,
      ts: null,
      started: null,
      first_id: null,
      state: null,
      progress: null,
      logs: [],
      log_times: [],
      done: false,
      gap: true,
    });
    const event: ProgressMessage = await publish(service(), 'expired', { log: 'begun' });
    await reader.until('the event', () => reader.all().length === 2);
    assert.deepEqual(reader.all()[1], event);
  });
}

test('a finished run read by the header: an empty header counts as none', async () => {
  const service = services.get('memory') as Service;
  await publish(service, 'empty header', { state: 'END' });
  const reader = await openSse(`${service.eventsUrl('empty header')}?last_event_id=`, {
    'Last-Event-ID': '',
  });
  await reader.ended;
  assert.equal(reader.snapshots().length, 1);
  assert.equal(reader.snapshots()[0]?.gap, undefined);
});

test('an update recorded by one server reaches the readers of another', async (t) => {
  const other = await startService({ REDIS_URL: redis.url });
  t.after(() => other.stop());
  const reader = await openSse(other.eventsUrl('elsewhere'));
  t.after(reader.close);
  const event = await publish(services.get('Redis') as Service, 'elsewhere', { log: 'over there' });
  await reader.until('the event', () => reader.all().length === 1);
  assert.deepEqual(reader.all(), [event]);
});
