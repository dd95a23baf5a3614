// Deploy after deploy of two servers, while a worker publishes by bare PUBLISH.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';

const DEPLOYS = 10;
const SERVERS = 2;
/** At least: the worker goes on for as long as the restarts take. */
const MESSAGES = 5000;
const RUNS = ['하나', 'two', 'three', 'four', 'five'];

test('ten rolling restarts of two servers amid 5,000 raw messages: each is recorded exactly once', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const env = { REDIS_URL: redis.url, HISTORY_LIMIT: '100000' };
  const servers = await Promise.all([startOne(t, env), startOne(t, env)]);
  const worker = await redis.client();
  const expected = new Map<string, string[]>(RUNS.map((run) => [run, []]));
  let published = 0;

  /** While the restart lasts, and until its share of the messages is out. */
  async function publishDuring(restart: Promise<Service>, share: number): Promise<Service> {
    let isOver = false;
    const ended = restart.finally(() => {
      isOver = true;
    });
    ended.catch(() => {}); // Thrown below, when the loop has ended.
    while (!isOver || published < share) {
      const run = RUNS[published % RUNS.length] ?? '';
      const log = `message ${++published}`;
      expected.get(run)?.push(log);
      await worker.publish('autoshorts:progress', JSON.stringify({ run_id: run, log }));
      if (published % 5 === 0) await pause(8);
    }
    return ended;
  }

  for (let restart = 0; restart < DEPLOYS * SERVERS; restart++) {
    const old = servers[restart % SERVERS];
    assert.ok(old);
    // Either way one server is subscribed throughout: the new one is ready before the next restart begins.
    const restarting =
      Math.floor(restart / SERVERS) % 2 ? startThenStop(t, old, env) : stopThenStart(t, old, env);
    const share = (MESSAGES / DEPLOYS / SERVERS) * (restart + 1);
    servers[restart % SERVERS] = await publishDuring(restarting, share);
  }
  t.diagnostic(`${published} messages`);

  for (const server of servers) assert.equal((await server.stop()).code, 0);
  for (const [run, lines] of expected) {
    const events = await readHistory(worker, run);
    assertDense(events.map(({ id }) => id));
    assert.deepEqual(events.map(({ message }) => message).sort(), lines.sort());
  }
});

async function startOne(t: TestContext, env: Record<string, string>): Promise<Service> {
  const service = await startService(env);
  t.after(() => service.stop('SIGKILL'));
  return service;
}

async function stopThenStart(t: TestContext, old: Service, env: Record<string, string>): Promise<Service> {
  assert.equal((await old.stop()).code, 0);
  return startOne(t, env);
}

/** As with Heroku's preboot. */
async function startThenStop(t: TestContext, old: Service, env: Record<string, string>): Promise<Service> {
  const service = await startOne(t, env);
  assert.equal((await old.stop()).code, 0);
  return service;
}
