// Where a Python publisher lives: threads, forks, pools; and how it ends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { lines, readLines } from './support/lines.ts';
import { spawnPython, whenEnded } from './support/python.ts';
import { startPythonTrial } from './support/python-trial.ts';
import { startPythonWorker } from './support/worker.ts';

const PREAMBLE = `
from publish_progress import publish_progress
def work(run_id, first, end):
    for number in range(first, end):
        publish_progress(run_id, log=f"line {number}")
`;

const ENVIRONMENT = { HISTORY_LIMIT: '5000' };

/** Without a Redis. */
const workAt = (environment: Record<string, string>) =>
  whenEnded(spawnPython(['-c', `${PREAMBLE}work("r", 0, 10)`], environment));

test('a program that ends at once has published all', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  await runWell(`${PREAMBLE}work("r", 0, 1000)`, ENVIRONMENT);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 1000));
});

test('a program ends though Redis is away, and says so once', async (t) => {
  const { redis, run } = await startPythonTrial(t);
  await redis.kill();
  for (const [many, lost] of [
    [1000, '1000 updates'],
    [1, '1 update'],
  ] as const) {
    const { code, stderr } = await run(`${PREAMBLE}work("r", 0, ${many})`, ENVIRONMENT);
    assert.equal(code, 0);
    const [waits, ends] = stderr.split('\n');
    assert.match(waits ?? '', /^updates wait, as Redis can't record them: /);
    assert.equal(ends, `the process ends, and Redis has not recorded ${lost}`);
    assert.equal(stderr.match(/\n/g)?.length, 2);
  }
});

test('a program ends though Redis takes its connection and never answers', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const { code } = await workAt({ REDIS_URL: `redis://127.0.0.1:${port}` });
  assert.equal(code, 0);
});

test('an environment that can not be used stops no task, and shows no password', async () => {
  const environment = { REDIS_URL: 'redis://:pass#word@example.invalid:6379/0', HISTORY_LIMIT: 'many' };
  const { code, stderr } = await workAt(environment);
  assert.equal(code, 0);
  assert.match(stderr, /HISTORY_LIMIT/);
  assert.match(stderr, /REDIS_URL/);
  assert.doesNotMatch(stderr, /pass|word/);
});

test('the environment is that of the service', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  await runWell(`${PREAMBLE}work("r", 0, 20)\npublish_progress("r", "DONE")`, {
    PROGRESS_CHANNEL: 'some:channel',
    KEY_PREFIX: 'videos',
    TERMINAL_STATES: 'DONE, FAILED',
    HISTORY_LIMIT: '10',
    FINISHED_TTL_SECONDS: '60',
  });
  const entries = await client.lrange('videos:run:r', 0, -1);
  assert.equal(entries.length, 10);
  assert.equal(JSON.parse(entries.at(-1) ?? '').done, true);
  assert.ok((await client.pttl('videos:run:r')) <= 60_000);
});

test('threads share a publisher, and each keeps its order', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  const code = `
import threading
threads = [threading.Thread(target=work, args=("r", first, first + 250)) for first in range(0, 1000, 250)]
for thread in threads: thread.start()
for thread in threads: thread.join()
`;
  await runWell(PREAMBLE + code, ENVIRONMENT);
  const all = await readLines(client, 'r');
  assert.equal(all.length, 1000);
  for (let first = 0; first < 1000; first += 250) {
    const expected = lines(first, first + 250);
    const mine = new Set(expected);
    assert.deepEqual(
      all.filter((line) => mine.has(line)),
      expected,
    );
  }
});

test('a forked child publishes under its own name, and nothing of what waits in its parent', async (t) => {
  const { redis, client } = await startPythonTrial(t);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await startPythonWorker(proxy.url);
  t.after(worker.close);
  await worker.publish('r', 0, 50);
  assert.equal(await worker.flush(30_000), true);
  proxy.setOpen(false);
  const warned = worker.whenWarned();
  await worker.publish('r', 50, 100);
  await warned;
  proxy.setOpen(true);
  assert.equal(await worker.call('fork', 'r', 100, 200), 0);
  await worker.publish('r', 200, 300);
  assert.equal(await worker.flush(30_000), true);
  const all = await readLines(client, 'r');
  const isChilds = (line: string) => /^line 1\d\d$/.test(line);
  assert.deepEqual(all.filter(isChilds), lines(100, 200));
  assert.deepEqual(
    all.filter((line) => !isChilds(line)),
    [...lines(0, 100), ...lines(200, 300)],
  );
});

test('a child of multiprocessing has published all when it ends', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  const code = `
import multiprocessing
work("parent", 0, 1)
child = multiprocessing.get_context("fork").Process(target=work, args=("r", 0, 1000))
child.start()
child.join()
`;
  await runWell(PREAMBLE + code, ENVIRONMENT);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 1000));
});

test('strict: an update is recorded, once, when the call returns, or the call raises', async (t) => {
  const { redis, client } = await startPythonTrial(t);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const worker = await startPythonWorker(proxy.url, { strict: true });
  t.after(worker.close);
  proxy.cutEvery(3);
  for (let number = 0; number < 20; number++) {
    assert.equal(await worker.call('publish', 'r', number, number + 1), null);
    assert.deepEqual(await readLines(client, 'r'), lines(0, number + 1));
  }
  assert.ok(proxy.cuts > 0);
  assert.equal(
    await worker.call('update', 'r', { state: '', progress: 40 }),
    "ValueError: state must be 1 to 64 characters without control characters, not '' (str); progress must be a number from 0 to 1, not 40 (int)",
  );
  await client.set('autoshorts:run:bad', 'x');
  assert.match(`${await worker.call('publish', 'bad', 0, 1)}`, /^ResponseError: WRONGTYPE/);
  await redis.kill();
  assert.match(`${await worker.call('publish', 'r', 20, 21)}`, /^ConnectionError: /);
});
