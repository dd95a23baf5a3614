// What others may write to Redis under a run's name: no reader of it, and no later event, is lost by that.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Redis } from 'ioredis';
import { request } from 'undici';
import { foreignEntries, lookalikes } from '../support/entries.ts';
import { publish } from '../support/publish.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

let redis: RedisServer;
let service: Service;
let foreigner: Redis;
before(async () => {
  redis = await startRedis();
  service = await startService({ REDIS_URL: redis.url });
  foreigner = await redis.client();
});
after(async () => {
  await service.stop();
  await redis.stop();
});

const ID = 1_763_800_000_000_001;

async function status(path: string): Promise<number> {
  const { statusCode, body } = await request(`${service.url}${path}`);
  await body.dump();
  return statusCode;
}

test('foreign entries in a list: polls, streams and WebSockets of the run go on', async (t) => {
  for (const [i, entry] of [...foreignEntries(ID), ...lookalikes(ID)].entries()) {
    const runId = `foreign ${i}`;
    await foreigner.rpush(`autoshorts:run:${runId}`, entry);
    const polled = await status(`/api/runs/${encodeURIComponent(runId)}`);
    assert.ok([200, 404].includes(polled), `${polled} for ${entry.slice(0, 100)}`);
    const stream = await openSse(service.eventsUrl(runId));
    t.after(stream.close);
    const several = await openSse(`${service.url}/api/events?run=${encodeURIComponent(runId)}`);
    t.after(several.close);
    const socket = await openSocket(service.webSocketUrl(runId));
    t.after(() => socket.socket.terminate());
    const event = await publish(service, runId, { log: 'an event' });
    await stream.until('the event', () => stream.all().at(-1)?.id === event.id);
    await several.until('the event', () => several.all().at(-1)?.id === event.id);
    await socket.until('the event', () => {
      const last = socket.messages.at(-1);
      return last?.type !== 'pong' && last?.id === event.id;
    });
  }
  assert.equal(await status('/healthz'), 200);
});

test('foreign announcements: who listens hears the events and, where one might be missing, asks for it', async (t) => {
  const first = await publish(service, 'announced', { log: 'one' });
  const stream = await openSse(service.eventsUrl('announced'), { 'Last-Event-ID': '0' });
  t.after(stream.close);
  const socket = await openSocket(`${service.webSocketUrl('announced')}?last_event_id=0`);
  t.after(() => socket.socket.terminate());
  const events = [first];
  for (const announcement of foreignEntries(first.id + 1)) {
    await foreigner.publish('autoshorts:run:announced', announcement);
    events.push(await publish(service, 'announced', { log: 'another' }));
  }
  await stream.until('all events', () => stream.all().length === events.length);
  await socket.until('all events', () => socket.messages.length === events.length);
  assert.deepEqual(stream.all(), events);
  assert.deepEqual(socket.messages, events);
});

test('announcements that only look like events: whoever comes afterwards gets the run as it is', async (t) => {
  let last = await publish(service, 'mimicked', { log: 'one' });
  for (let i = 0; i < lookalikes(0).length; i++) {
    // Opens the run, so that it hears the announcement, and doesn't have to make sense of it itself.
    assert.equal(await status('/api/runs/mimicked'), 200);
    const stranger = lookalikes(last.id + 1)[i] ?? '';
    await foreigner.publish('autoshorts:run:mimicked', stranger);
    assert.equal(await status('/api/runs/mimicked'), 200);
    const visitor = await openSse(service.eventsUrl('mimicked'));
    t.after(visitor.close);
    last = await publish(service, 'mimicked', { log: `after ${i}` });
    await visitor.until('the event', () => visitor.all().at(-1)?.id === last.id);
    visitor.close();
  }
});
