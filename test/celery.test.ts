// A real Celery worker publishes as it always did; a stream, a WebSocket and a poll follow it and agree.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import type { SnapshotMessage } from './support/messages.ts';
import { pollUntil } from './support/poll-until.ts';
import { startProgram } from './support/program.ts';
import { startRedis } from './support/redis.ts';
import { startService } from './support/service.ts';
import { openSocket } from './support/socket-reader.ts';
import { openSse } from './support/sse-reader.ts';
import { KOREAN_RUN, STAGES } from './support/stages.ts';

// Debian's own, which has Debian's Celery.
const PYTHON = '/usr/bin/python3';

test("a Celery task's progress is the same over SSE, WebSocket and polling", async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url });
  t.after(() => service.stop());
  const python = {
    cwd: 'test/celery',
    env: { PATH: process.env.PATH, REDIS_URL: redis.url, PYTHONDONTWRITEBYTECODE: '1', LC_ALL: 'C.UTF-8' },
  };
  const worker = startProgram(
    PYTHON,
    ['-m', 'celery', '-A', 'tasks', 'worker', '--pool', 'solo', '--loglevel', 'INFO', '--without-gossip'],
    python,
  );
  t.after(() => worker.stop('SIGKILL'));
  await worker.waitForLine('"ready"', (line) => /ready\.$/.test(line));

  const stream = await openSse(service.eventsUrl(KOREAN_RUN));
  t.after(stream.close);
  const socket = await openSocket(service.webSocketUrl(KOREAN_RUN));
  t.after(() => socket.socket.close());
  const enqueue = startProgram(PYTHON, ['enqueue.py', KOREAN_RUN, JSON.stringify(STAGES)], python);
  assert.equal((await enqueue.exited).code, 0, enqueue.lines.join('\n'));
  const polled = await pollUntil('the end of the run', async () => {
    const { statusCode, body } = await request(`${service.url}/api/runs/${encodeURIComponent(KOREAN_RUN)}`);
    if (statusCode === 404) return body.dump().then(() => null);
    const snapshot = (await body.json()) as SnapshotMessage;
    return snapshot.done && snapshot;
  });

  assert.equal(await stream.ended, 'end');
  await socket.until('the last event', () => socket.messages.length === STAGES.length);
  const events = stream.progress();
  assert.deepEqual(
    events.map(({ state, progress, message }) => ({ state, progress, log: message })),
    STAGES,
  );
  assert.deepEqual(socket.messages, events);
  const last = events.at(-1);
  assert.deepEqual(polled, {
    type: 'initial_state',
    run_id: KOREAN_RUN,
    id: last?.id,
    ts: last?.ts,
    started: events[0]?.ts,
    first_id: events[0]?.id,
    state: 'END',
    progress: 1,
    logs: STAGES.map(({ log }) => log),
    log_times: events.map(({ ts }) => ts),
    states: ['PLOT_GENERATION', 'ASSET_GENERATION', 'RENDERING', 'QA'],
    state_times: [0, 5, 9, 11].map((first) => events[first]?.ts),
    done: true,
  });
});
