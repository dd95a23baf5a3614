// The end of the process, by real signals to the built program: every reader is told when to come back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { pollUntil } from './support/poll-until.ts';
import { publish } from './support/publish.ts';
import { openRaw } from './support/raw-connection.ts';
import { untilUnready } from './support/readiness.ts';
import { startRedis } from './support/redis.ts';
import { startService } from './support/service.ts';
import { openSocket } from './support/socket-reader.ts';
import { openSse } from './support/sse-reader.ts';

const STREAMS = 300;
/** SHUTDOWN_SECONDS is 4 by default; the rest is for a machine that is busy with other things. */
const DEADLINE_MS = 4000 + 6000;

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
  test(`${signal} with ${STREAMS} open streams: each ends with its own retry, the process exits with 0`, async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const service = await startService({ REDIS_URL: redis.url });
    t.after(() => service.stop('SIGKILL'));
    const readers = await Promise.all(
      Array.from({ length: STREAMS }, (_, i) => openSse(service.eventsUrl(`run ${i % 10}`))),
    );
    const socket = await openSocket(service.webSocketUrl('run 1'));
    // A keep-alive connection without a request must not hold it up.
    await (await request(`${service.url}/healthz`)).body.dump();
    await publish(service, 'run 1', { log: 'before' });

    const asked = Date.now();
    const exit = await service.stop(signal);
    assert.deepEqual(exit, { code: 0, signal: null }, service.program.lines.join('\n'));
    assert.ok(Date.now() - asked < DEADLINE_MS, `took ${Date.now() - asked} ms`);
    assert.equal((await socket.closed).code, 1001);
    for (const reader of readers) {
      // The body is not called whole: there is more to come.
      assert.equal(await reader.ended, 'broken');
      assert.equal(reader.retries.length, 2);
      assert.ok(reader.text.endsWith('\n\n'), 'no event is cut');
    }
    const delays = readers.map(({ retries }) => retries[1] ?? 0);
    assert.ok(new Set(delays).size > STREAMS / 2, 'the delays are spread');
    assert.ok(Math.min(...delays) >= 500 && Math.max(...delays) <= 5000);
  });
}

test('a reader that takes nothing does not hold the process beyond SHUTDOWN_SECONDS', async (t) => {
  const service = await startService({ SHUTDOWN_SECONDS: '1', HISTORY_LIMIT: '5000' });
  t.after(() => service.stop('SIGKILL'));
  const stalled = await openRaw(service.port, { paused: true });
  t.after(stalled.reset);
  const log = 'x'.repeat(8000);
  for (let i = 0; i < 100; i++) await publish(service, 'large', { log });
  stalled.send('GET /api/runs/large/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n');
  await publish(service, 'large', { log });
  const asked = Date.now();
  assert.equal((await service.stop()).code, 0);
  assert.ok(Date.now() - asked < DEADLINE_MS);
});

test('a second signal ends it at once', async (t) => {
  const service = await startService({ SHUTDOWN_SECONDS: '600' });
  t.after(() => service.stop('SIGKILL'));
  // A request that is never finished keeps the server open.
  const half = await openRaw(service.port);
  t.after(half.reset);
  half.send('POST /api/runs/half/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{');
  await (await request(`${service.url}/healthz`)).body.dump();
  service.program.kill('SIGTERM');
  await service.program.waitForLine('"closing"', (line) => line.includes('"msg":"closing"'));
  // The same signal at the same time is one from a terminal and from npm.
  let isOver = false;
  const exited = service.program.exited.finally(() => {
    isOver = true;
  });
  await pollUntil('the end', async () => {
    service.program.kill('SIGTERM');
    return isOver;
  });
  assert.deepEqual(await exited, { code: 1, signal: null });
});

test('while it drains it serves old and new readers, and /readyz sends others elsewhere', async (t) => {
  const service = await startService({ DRAIN_SECONDS: '600' });
  t.after(() => service.stop('SIGKILL'));
  const early = await openSse(service.eventsUrl('one'));
  service.program.kill('SIGTERM');
  await untilUnready(service.url, /shutting down/);
  const late = await openSse(service.eventsUrl('one'));
  await publish(service, 'one', { log: 'still served' });
  for (const reader of [early, late])
    await reader.until('the line', ({ progress }) => progress().at(-1)?.message === 'still served');
});
