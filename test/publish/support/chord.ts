// The guide's chord of 40 tasks on a real Celery worker: its processes are killed while they work, and it as a whole.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { readHistory } from '../../support/history-list.ts';
import { createRandom } from '../../support/random.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { type CeleryProgram, startCeleryProgram } from './celery-program.ts';
import { watchMessages } from './taken-messages.ts';

const PARTS = 40;
const MOST_KILLS = 10;
/** One in so many events of the run kills a process. */
const KILL_EVERY = 4;

export interface ChordWorker extends CeleryProgram {
  /** Sends a task of celery_chord.py. */
  send(task: string, ...args: unknown[]): Promise<void>;
}

/** Its tasks publish to `redisUrl`. Fulfilled when it takes tasks. */
export async function startChordWorker(
  broker: RedisServer,
  redisUrl: string,
  options: Record<string, string> = {},
): Promise<ChordWorker> {
  const environment = { BROKER_URL: broker.url, REDIS_URL: redisUrl, ...options };
  const args = ['--pool=prefork', '--concurrency=4'];
  const worker = await startCeleryProgram('celery_chord', environment, args);
  return {
    ...worker,
    send: (task, ...args) => worker.run(`send(*${JSON.stringify([task, ...args])})`),
  };
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

/**
 * Processes are killed, the whole worker `crashes` times, and answers lost, as the seed says: the run ends as if nothing
 * had happened.
 */
export async function playChord(t: TestContext, seed: number, crashes: number) {
  const random = createRandom(seed);
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const messages = await watchMessages(redis);
  t.after(messages.close);
  const start = () => startChordWorker(redis, proxy.url, { VISIBILITY_TIMEOUT: '0.1' });
  let worker = await start();
  t.after(() => worker.stop('SIGKILL'));
  proxy.cutEvery(2 + random.below(4));

  let kills = 0;
  let crashed = 0;
  let isRestarting = false;
  /** So many events from now: that of every part is one. */
  const chooseCrash = () => 1 + random.below(Math.floor((0.8 * PARTS) / crashes));
  let nextCrash = chooseCrash();

  async function crash() {
    isRestarting = true;
    crashed++;
    nextCrash = chooseCrash();
    const pids = [worker.pid, ...childrenOf(worker.pid)];
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await worker.exited;
    const lost = await messages.putBack();
    t.diagnostic(`crash ${crashed}, ${lost} messages lost in it`);
    worker = await start();
    isRestarting = false;
  }

  function killChild() {
    const children = childrenOf(worker.pid);
    const child = children[random.below(Math.max(children.length, 1))];
    if (child === undefined || kills === MOST_KILLS || random.below(KILL_EVERY) > 0) return;
    kills++;
    process.kill(child, 'SIGKILL');
  }

  const listener = await redis.client();
  const ended = new Promise<void>((resolve, reject) => {
    listener.on('message', (_, announcement: string) => {
      if (announcement.includes('"done":true')) return resolve();
      if (isRestarting) return;
      if (crashed < crashes && nextCrash-- === 0) crash().catch(reject);
      else killChild();
    });
  });
  await listener.subscribe('autoshorts:run:r');
  const frames = Array.from({ length: PARTS }, (_, frame) => frame);
  await worker.send('start', 'r', frames);
  await ended;
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
  assert.equal(crashed, crashes);
}
