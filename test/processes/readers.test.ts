// WEB_CONCURRENCY: several processes serve as one, and what readers see when one of them dies, or all end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Redis } from 'ioredis';
import { assertNothingLostSilently } from '../support/invariants.ts';
import { isAlive, startSeveral } from '../support/service-of-several.ts';
import { openSse, type SseReader } from '../support/sse-reader.ts';

const READERS = 12;

async function publishLines(worker: Redis, first: number, last: number) {
  for (let line = first; line <= last; line++)
    await worker.publish('autoshorts:progress', JSON.stringify({ run_id: 'one', log: `line ${line}` }));
}

const hasLine = (line: number) => (reader: SseReader) =>
  reader.progress().some(({ message }) => message === `line ${line}`);

test('readers on three processes get each event once; kill -9 of one costs its readers nothing, the others do not notice', async (t) => {
  const service = await startSeveral(t, 3);
  const worker = await service.redis.client();
  const open = async (cursor: string) => {
    const reader = await openSse(service.eventsUrl('one'), { 'Last-Event-ID': cursor });
    t.after(reader.close);
    return reader;
  };
  const readers = await Promise.all(Array.from({ length: READERS }, () => open('0')));
  await publishLines(worker, 1, 20);
  for (const reader of readers) await reader.until('line 20', hasLine(20));
  assert.equal(await service.metric('run_progress_processes'), 3);
  assert.equal(await service.metric('run_progress_redis_up{connection="subscriber"}'), 1);
  assert.equal(await service.metric('run_progress_connections{transport="sse"}'), READERS);
  const delivered = await service.metric('run_progress_events_delivered_total');
  assert.equal(delivered, READERS * 20);

  const [victim] = service.processes();
  assert.ok(victim);
  process.kill(victim.pid, 'SIGKILL');
  await service.program.waitForLine('its end', (line) => line.includes('"a process has ended'));
  await publishLines(worker, 21, 40);
  let comebacks = 0;
  for (const reader of readers) {
    const messages = [...reader.all()];
    try {
      await reader.until('line 40', hasLine(40));
      messages.splice(0, messages.length, ...reader.all());
    } catch {
      // Its connection has been cut: it comes back as EventSource does.
      comebacks++;
      assert.equal(await reader.ended, 'broken');
      const cursor = reader.progress().at(-1)?.id ?? 0;
      const next = await open(String(cursor));
      await next.until('line 40', hasLine(40));
      messages.splice(0, messages.length, ...reader.all(), ...next.all());
    }
    assertNothingLostSilently(messages);
    assert.deepEqual(
      messages.map((message) => message.type === 'progress' && message.message),
      Array.from({ length: 40 }, (_, i) => `line ${i + 1}`),
    );
  }
  assert.ok(comebacks > 0 && comebacks < READERS, `${comebacks} of ${READERS} were cut`);
  // What the one that has died had counted stays, and another one has taken its place.
  assert.equal(await service.metric('run_progress_events_delivered_total'), READERS * 40);
  await service.program.waitForLine(
    'a fourth process',
    (line) => line.includes('"a process serves"') && line.includes('"worker":4'),
  );
  assert.equal(await service.metric('run_progress_processes'), 3);
});

test('SIGTERM: every reader is told its own moment to come back, exit code 0, no process stays', async (t) => {
  const service = await startSeveral(t, 2);
  const readers = await Promise.all(Array.from({ length: READERS }, () => openSse(service.eventsUrl('one'))));
  assert.deepEqual(await service.stop('SIGTERM'), { code: 0, signal: null });
  for (const reader of readers) {
    assert.equal(await reader.ended, 'broken');
    assert.equal(reader.retries.length, 2);
    assert.ok(reader.text.endsWith('\n\n'), 'no event is cut');
  }
  assert.ok(new Set(readers.map(({ retries }) => retries[1])).size > READERS / 2, 'the delays are spread');
  assert.deepEqual(
    service.processes().map(({ pid }) => isAlive(pid)),
    [false, false],
  );
});
