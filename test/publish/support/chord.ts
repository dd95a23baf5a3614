// The guide's chord of 40 tasks on a real Celery worker whose processes are killed while they work.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { readHistory } from '../../support/history-list.ts';
import { type Program, startProgram } from '../../support/program.ts';
import { createRandom } from '../../support/random.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { PUBLISHER, SUPPORT, spawnPython, whenEnded } from './python.ts';

const PARTS = 40;
const MOST_KILLS = 10;
/** One in so many events of the run kills a process. */
const KILL_EVERY = 6;

export interface ChordWorker extends Program {
  /** Sends a task of celery_chord.py. */
  send(task: string, ...args: unknown[]): Promise<void>;
}

/** Its tasks publish to `redisUrl`. Fulfilled when it takes tasks. */
export async function startChordWorker(broker: RedisServer, redisUrl: string): Promise<ChordWorker> {
  const environment = { BROKER_URL: broker.url, REDIS_URL: redisUrl };
  const worker = startProgram(
    '/usr/bin/python3',
    ['-m', 'celery', '-A', 'celery_chord', 'worker', '--pool=prefork', '--concurrency=4', '--loglevel=INFO'],
    {
      cwd: SUPPORT,
      env: { ...process.env, ...environment, PYTHONPATH: PUBLISHER, PYTHONDONTWRITEBYTECODE: '1' },
    },
  );
  await worker.waitForLine('"ready"', (line) => /ready\.$/.test(line));
  return {
    ...worker,
    send: async (task, ...args) => {
      const code = `import celery_chord; celery_chord.send(*${JSON.stringify([task, ...args])})`;
      const { code: status, stderr } = await whenEnded(spawnPython(['-c', code], environment));
      assert.equal(status, 0, stderr);
    },
  };
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Processes are killed, and answers lost, as the seed says: the run ends as if nothing had happened. */
export async function playChord(t: TestContext, seed: number) {
  const random = createRandom(seed);
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await startChordWorker(redis, proxy.url);
  t.after(() => worker.stop('SIGKILL'));
  proxy.cutEvery(2 + random.below(4));

  let kills = 0;
  const listener = await redis.client();
  const ended = new Promise<void>((resolve) => {
    listener.on('message', (_, announcement: string) => {
      if (announcement.includes('"done":true')) return resolve();
      const children = childrenOf(worker.pid);
      const child = children[random.below(Math.max(children.length, 1))];
      if (child === undefined || kills === MOST_KILLS || random.below(KILL_EVERY) > 0) return;
      kills++;
      process.kill(child, 'SIGKILL');
    });
  });
  await listener.subscribe('autoshorts:run:r');
  const frames = Array.from({ length: PARTS }, (_, frame) => frame);
  await worker.send('start', 'r', frames);
  await Promise.race([
    ended,
    worker.exited.then(() => assert.fail(`the worker ended:\n${worker.lines.slice(-30).join('\n')}`)),
  ]);
  await worker.stop();

  const events = await readHistory(client, 'r');
  const last = events.at(-1) as unknown as Record<string, unknown>;
  const { state, progress, current, total, done } = last;
  assert.deepEqual(
    { state, progress, current, total, done },
    { state: 'END', progress: 1, current: PARTS, total: PARTS, done: true },
  );
  const ends = events.filter((event, i) => event.done && !events[i - 1]?.done);
  assert.equal(ends.length, 1, 'it ends once');
  for (const [i, event] of (events as unknown as Record<string, number>[]).entries()) {
    const before = i > 0 ? (events[i - 1] as unknown as Record<string, number>) : undefined;
    if (before === undefined || before.attempt !== event.attempt) continue;
    assert.ok((event.progress ?? 0) >= (before.progress ?? 0), `the bar falls: ${JSON.stringify(event)}`);
  }
  assert.ok(kills > 0 && proxy.cuts > 0, `${kills} kills, ${proxy.cuts} answers lost`);
}
