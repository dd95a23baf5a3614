// Redis loses everything while readers hang on: each is told so, and none goes deaf.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { publishAll } from '../support/publish.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse, type SseReader } from '../support/sse-reader.ts';

const UPDATES = 8000;
const READERS_PER_SERVICE = 20;

interface Setup {
  redis: RedisServer;
  services: Service[];
  readers: SseReader[];
  publish(log: string): Promise<number>;
}

/** Two servers, readers on both, and 8,000 updates sent as fast as Redis takes them. */
async function floodedRun(t: TestContext): Promise<Setup> {
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url };
  const services = await Promise.all([env, env].map(startService));
  t.after(() => Promise.all(services.map((service) => service.stop())));
  const opening = services.flatMap((service) =>
    Array.from({ length: READERS_PER_SERVICE }, () => openSse(service.eventsUrl('flood'))),
  );
  const readers = await Promise.all(opening);
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  const worker = await redis.client();
  const flood = worker.pipeline();
  for (let n = 1; n <= UPDATES; n++)
    flood.publish('autoshorts:progress', JSON.stringify({ run_id: 'flood', log: `update ${n}` }));
  await flood.exec();
  const publish = (log: string) =>
    worker.publish('autoshorts:progress', JSON.stringify({ run_id: 'flood', log }));
  return { redis, services, readers, publish };
}

function hasLine(reader: SseReader, line: string): boolean {
  return reader
    .all()
    .some((message) =>
      message.type === 'progress' ? message.message === line : message.logs.includes(line),
    );
}

function lastGap(reader: SseReader) {
  return reader.snapshots().findLast(({ gap }) => gap === true);
}

async function returning(t: TestContext, service: Service, cursor: number): Promise<SseReader> {
  const reader = await openSse(service.eventsUrl('flood'), { 'Last-Event-ID': String(cursor) });
  t.after(reader.close);
  return reader;
}

test('FLUSHALL amid a flood: every reader, open or returning, gets a gap and all that follows', async (t) => {
  const { redis, services, readers, publish } = await floodedRun(t);
  for (const reader of readers) await reader.until('an event', () => reader.all().length > 0);
  const cursor = readers[0]?.all()[0]?.id ?? 0;
  const admin = await redis.client();
  await admin.flushall();
  await publish('after the flush');

  const back = await Promise.all(services.map((service) => returning(t, service, cursor)));
  for (const reader of [...readers, ...back])
    await reader.until('a gap, and the line after it', () => {
      return lastGap(reader) && hasLine(reader, 'after the flush');
    });
  await publish('nobody is deaf');
  for (const reader of [...readers, ...back])
    await reader.until('the last line', () => hasLine(reader, 'nobody is deaf'));
});

test('FLUSHALL when nothing follows: the readers learn it all the same', async (t) => {
  const { redis, services, readers, publish } = await floodedRun(t);
  for (const reader of readers)
    await reader.until('the last update', () => hasLine(reader, `update ${UPDATES}`));
  const cursor = readers[0]?.all().at(-1)?.id ?? 0;
  const admin = await redis.client();
  await admin.flushall();

  const back = await Promise.all(services.map((service) => returning(t, service, cursor)));
  for (const reader of [...readers, ...back]) {
    const gap = await reader.until('a gap', () => lastGap(reader)?.id === 0 && lastGap(reader));
    assert.deepEqual([gap.state, gap.progress, gap.logs, gap.first_id], [null, null, [], null]);
  }
  await publish('begun again');
  for (const reader of [...readers, ...back]) {
    await reader.until('the line after', () => hasLine(reader, 'begun again'));
    assert.equal(reader.progress().at(-1)?.message, 'begun again');
  }
});

test('a history that was rolled back and began again under the same ids is a gap for every open reader', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const recorded = await publishAll(service, 'rolled', [
    { log: 'a' },
    { log: 'b' },
    { log: 'c' },
    { log: 'd' },
  ]);
  const readers = await Promise.all(
    [1, 2, 3].map(() => openSse(service.eventsUrl('rolled'), { 'Last-Event-ID': String(recorded[0]?.id) })),
  );
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  for (const reader of readers) await reader.until('the newest event', () => reader.all().length === 3);

  // In one step, as for the service: a replica of before takes over, and others record on it.
  const admin = await redis.client();
  const last = recorded[3]?.id ?? 0;
  const entries = await admin.lrange('autoshorts:run:rolled', 0, -1);
  const other = entries.slice(2).map((entry) => entry.replace(/"message":"."/, '"message":"other"'));
  const next = (other[1] ?? '').replace(`"id":${last}`, `"id":${last + 1}`);
  await admin
    .multi()
    .ltrim('autoshorts:run:rolled', 0, 1)
    .rpush('autoshorts:run:rolled', ...other)
    .exec();
  await admin
    .multi()
    .rpush('autoshorts:run:rolled', next)
    .publish('autoshorts:run:rolled', next.replace(`"id":${last + 1}`, `"id":${last + 2}`))
    .exec();

  for (const reader of readers) {
    const gap = await reader.until('a gap', () => lastGap(reader));
    assert.equal(gap.id, last + 1);
    assert.deepEqual(gap.logs, ['a', 'b', 'other', 'other', 'other']);
  }
});
