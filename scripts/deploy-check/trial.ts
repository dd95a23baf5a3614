// Tries what was built, as its platform, a worker and a reader would.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { untilReady } from '../../test/support/readiness.ts';
import { freePort, type RedisServer } from '../../test/support/redis.ts';
import { openSse } from '../../test/support/sse-reader.ts';
import { CONFINEMENT, startConfined } from './confined.ts';
import type { Built } from './platforms.ts';
import type { Step } from './steps.ts';

const RUN = '배포 시험';
const LINES = ['one', 'two', 'three'];
/** For any of what follows. Platforms wait less, but this machine may have other things to do. */
const DEADLINE_MS = 60_000;

export async function tryOut(built: Built, redis: RedisServer, step: Step): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const eventsUrl = (runId: string) => `${url}/api/runs/${encodeURIComponent(runId)}/events`;
  const worker = await redis.client();
  await worker.flushall();
  const publish = (update: object) =>
    worker.publish('autoshorts:progress', JSON.stringify({ run_id: RUN, ...update }));
  const { program, signal } = startConfined(built, { PORT: String(port), REDIS_URL: redis.url });

  async function listen() {
    await program.waitForLine('"listening"', (line) => line.includes('listening on'));
  }

  async function loadPage() {
    for (const path of ['/', '/run-progress.js', '/healthz'])
      assert.equal((await fetch(`${url}${path}`)).status, 200, path);
  }

  async function followToTheEnd() {
    const reader = await openSse(eventsUrl(RUN));
    for (const log of LINES) await publish({ state: 'RENDERING', log });
    await publish({ state: 'END', progress: 1 });
    assert.equal(await reader.ended, 'end');
    assert.deepEqual(
      reader.progress().map(({ message }) => message),
      [...LINES, ''],
    );
  }

  async function end() {
    const reader = await openSse(eventsUrl('another'));
    signal('SIGTERM');
    assert.deepEqual(await program.exited, { code: 0, signal: null });
    assert.equal(await reader.ended, 'broken');
    assert.equal(reader.retries.length, 2, 'the reader was told when to come back');
    await assert.rejects(fetch(url), 'nobody holds the port');
  }

  const tries: [string, () => Promise<void>][] = [
    [`starts ${CONFINEMENT}`, listen],
    ['/readyz is green', () => untilReady(url)],
    ['the page and its script are served', loadPage],
    ['a run is followed to its end', followToTheEnd],
    ['SIGTERM: readers are told, exit code 0, the port is free', end],
  ];
  try {
    for (const [what, act] of tries) if (!(await step(what, () => inTime(act())))) return;
  } finally {
    await program.stop('SIGKILL');
  }
}

async function inTime(done: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = pause(DEADLINE_MS, undefined, over).then(() => {
    throw new Error(`not done after ${DEADLINE_MS / 1000} s`);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    late.catch(() => {}); // The wait is given up here.
    over.abort();
  }
}
