// Deploys under load: thousands of readers behind a real nginx, some of them plain EventSources, while workers publish.
// READERS=400 makes it small.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { request } from 'undici';
import { createPublisher } from '../../src/publish/publisher.ts';
import { readHistory } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { pollUntil } from '../support/poll-until.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { type Service, startService } from '../support/service.ts';
import { startBalancer } from './balancer.ts';
import { type Follower, follow } from './follower.ts';
import { openPageSource, type PageSource } from './page-source.ts';

const READERS = Number(process.env.READERS ?? 4000);
/** Of these the plain EventSources: each costs this process as much as ten of the others. */
const PAGES = Math.round(READERS / 20);
const RUNS = ['하나', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
const UPDATE_EVERY_MS = 1000;
/** Says that something hangs: machines are shared. */
const DEADLINE_MS = 240_000;
/** As the service promises (delivery/format.ts). */
const DELAYS = { leastMs: 500, mostMs: 5000 };
const LEAST_SPREAD_MS = 2000;

type Publish = (runId: string, update: object) => Promise<unknown>;

function pathOf(runId: string): string {
  return `/api/runs/${encodeURIComponent(runId)}/events`;
}

/** An update for each run now and then, until it is asked to stop; then the end of all runs. */
function startWorkers(publish: Publish) {
  let isOver = false;
  const work = async () => {
    for (let line = 1; !isOver; line++) {
      for (const runId of RUNS) await publish(runId, { state: 'RENDERING', log: `line ${line}` });
      await pause(UPDATE_EVERY_MS);
    }
    for (const runId of RUNS) await publish(runId, { state: 'END', log: 'the end' });
  };
  const ended = work();
  ended.catch(() => {}); // Thrown by `stop`.
  return {
    stop: async () => {
      isOver = true;
      await ended;
    },
  };
}

async function openReaders(port: number): Promise<{ followers: Follower[]; pages: PageSource[] }> {
  const followers: Follower[] = [];
  for (let i = 0; i < READERS - PAGES; i++) {
    followers.push(follow({ port, path: pathOf(RUNS[i % RUNS.length] ?? '') }));
    // The backlog of nginx has no room for all at once.
    if (i % 100 === 99) await untilConnected(followers);
  }
  await untilConnected(followers);
  const pages = Array.from({ length: PAGES }, (_, i) =>
    openPageSource(`http://127.0.0.1:${port}${pathOf(RUNS[i % RUNS.length] ?? '')}`),
  );
  await pollUntil('the pages', async () => pages.every(({ ids }) => ids.length > 0), DEADLINE_MS, 100);
  return { followers, pages };
}

async function untilConnected(followers: readonly Follower[]) {
  const away = () => followers.filter(({ isConnected }) => !isConnected);
  const connected = pollUntil(
    'all readers to be connected',
    async () => away().length === 0,
    DEADLINE_MS,
    100,
  );
  await connected.catch((error: unknown) => {
    throw new Error(`${error}; ${away().length} are not, the first: ${JSON.stringify({ ...away()[0] })}`);
  });
}

/** Of all instances together: a run that is open in two of them counts twice. */
async function openRuns(services: readonly Service[]): Promise<number> {
  const counts = services.map(async ({ url }) => {
    const text = await (await request(`${url}/metrics`)).body.text();
    return Number(/^run_progress_runs_open (\d+)$/m.exec(text)?.[1]);
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Ends the instance by SIGTERM, and starts it again on its port. Fulfilled when all readers are back. */
async function restart(t: TestContext, service: Service, env: Record<string, string>, followers: Follower[]) {
  const before = followers.map(({ delays }) => delays.length);
  const triedBefore = followers.map(({ comebacks }) => comebacks.length);
  assert.equal((await service.stop('SIGTERM')).code, 0);
  const next = await startService({ ...env, PORT: String(service.port) });
  t.after(() => next.stop('SIGKILL'));
  await untilConnected(followers);
  const delays = followers.flatMap(({ delays }, i) => delays.slice(before[i]));
  const tried = followers.flatMap(({ comebacks }, i) =>
    comebacks.slice(triedBefore[i], (triedBefore[i] ?? 0) + 1),
  );
  assertSpread(delays);
  t.diagnostic(
    `${delays.length} readers were sent away for ${describe(delays)} ms; they came back over ${Math.round(percentile(tried, 1) - percentile(tried, 0))} ms`,
  );
  return next;
}

/** By what the service told the readers: when they come is a matter of the machine as well. */
function assertSpread(delays: readonly number[]) {
  assert.ok(delays.length > 0);
  assert.ok(percentile(delays, 0) >= DELAYS.leastMs && percentile(delays, 1) <= DELAYS.mostMs);
  const spread = percentile(delays, 0.95) - percentile(delays, 0.05);
  assert.ok(spread >= LEAST_SPREAD_MS, `nine of ten delays lie within ${spread} ms`);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function describe(delays: readonly number[]): string {
  return [0, 0.05, 0.5, 0.95, 1].map((share) => percentile(delays, share)).join(', ');
}

async function assertNothingLost(
  worker: Redis,
  followers: readonly Follower[],
  pages: readonly PageSource[],
) {
  const histories = await Promise.all(RUNS.map((runId) => readHistory(worker, runId)));
  for (const [i, { firstId, lastId, faults }] of followers.entries()) {
    const history = histories[i % RUNS.length] ?? [];
    assert.deepEqual(faults, []);
    assert.deepEqual([firstId, lastId], [history[0]?.id, history.at(-1)?.id]);
  }
  for (const [i, { ids }] of pages.entries())
    assert.deepEqual(
      ids,
      histories[i % RUNS.length]?.map(({ id }) => id),
    );
  for (const history of histories) {
    assertDense(history.map(({ id }) => id));
    // What the worker said is there: each line once, in order.
    const lines = history.slice(0, -1).map(({ message }) => message);
    assert.deepEqual(
      lines,
      lines.map((_, i) => `line ${i + 1}`),
    );
  }
  return histories.reduce((sum, history) => sum + history.length, 0);
}

for (const { title, instances, processes, restarts, isRaw = true, isRouted = false } of [
  // Three of four are there all the time, so a bare PUBLISH is always heard.
  { title: 'four instances, one after the other', instances: 4, processes: 1, restarts: 4 },
  {
    title: 'two instances, each run at one of them',
    instances: 2,
    processes: 1,
    restarts: 2,
    isRouted: true,
  },
  // Meanwhile nginx answers 502, and updates come from a publisher that needs no service.
  { title: 'one instance of four processes, twice', instances: 1, processes: 4, restarts: 2, isRaw: false },
])
  test(`${READERS} readers behind nginx, a restart of ${title}: nobody loses or doubles an event`, async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const worker = await redis.client();
    const env = {
      REDIS_URL: redis.url,
      WEB_CONCURRENCY: String(processes),
      HISTORY_LIMIT: '100000',
      ALLOWED_HOSTS: '*',
    };
    const services: Service[] = [];
    for (let i = 0; i < instances; i++) {
      const service = await startService({ ...env, PORT: String(await freePort()) });
      t.after(() => service.stop('SIGKILL'));
      services.push(service);
    }
    const upstreamPorts = services.map((service) => service.port);
    const port = await startBalancer(t, { upstreamPorts, isRouted });
    const publisher = createPublisher({ redisUrl: redis.url });
    t.after(() => publisher.close());
    const publishRaw: Publish = (runId, update) =>
      worker.publish('autoshorts:progress', JSON.stringify({ run_id: runId, ...update }));
    const workers = startWorkers(isRaw ? publishRaw : publisher.publish);
    const { followers, pages } = await openReaders(port);
    if (isRouted) assert.equal(await openRuns(services), RUNS.length);

    for (let i = 0; i < restarts; i++) {
      const at = i % instances;
      const service = services[at];
      assert.ok(service);
      services[at] = await restart(t, service, env, followers);
    }
    await workers.stop();
    await publisher.close();
    const allDone = async () => [...followers, ...pages].every(({ isDone }) => isDone);
    await pollUntil('the end of all runs', allDone, DEADLINE_MS, 100);

    const events = await assertNothingLost(worker, followers, pages);
    const refused = followers.reduce((sum, { refusals }) => sum + refusals.length, 0);
    const reopened = pages.reduce((sum, page) => sum + page.reopened, 0);
    t.diagnostic(
      `${events} events of ${RUNS.length} runs; ${refused} answers of 502; ${reopened} EventSources were opened anew`,
    );
  });
