// What a Python worker has recorded at the moment when its process is ended, or lets nothing else run.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { request } from 'undici';
import { startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { lines, readLines } from './support/lines.ts';
import { PUBLISHER, SUPPORT, spawnPython, whenEnded } from './support/python.ts';
import { startPythonTrial } from './support/python-trial.ts';

const RUNS = 20;

for (const [how, what] of [
  ['fork', 'the forked processes of a Pool, which ends them by a signal,'],
  ['spawn', 'the spawned processes of a Pool, which ends them by a signal,'],
  ['exit', 'forked children that leave by os._exit'],
] as const)
  test(`${what} have recorded each run to its end`, async (t) => {
    const { client, runWell } = await startPythonTrial(t);
    await runWell(['pool.py', how, `${RUNS}`]);
    for (let number = 0; number < RUNS; number++)
      assert.deepEqual(await readLines(client, `r${number}`), lines(0, 100));
  });

for (const how of ['threads', 'gevent', 'eventlet'])
  test(`a stage is recorded though the task lets nothing else run after it: ${how}`, async (t) => {
    const { runWell } = await startPythonTrial(t);
    assert.equal(await runWell(['held.py', how]), '1\n2\n');
  });

test('a Redis that hangs holds up a task once, and not with each update', async (t) => {
  const { client, run } = await startPythonTrial(t);
  const code = `
import os
import publish_progress as module
module.FIRST_SECONDS = 100  # With each of them the test would never end.
module.publish_progress("r", log="line 0", flush=True)
os.kill(int(os.environ["REDIS_PID"]), 19)
for number in range(1, 200):
    module.publish_progress("r", log=f"line {number}")
os.kill(int(os.environ["REDIS_PID"]), 18)
assert module.flush(60)
`;
  const { code: status, stderr } = await run(code);
  assert.equal(status, 0, stderr);
  assert.match(stderr, /^updates wait, as Redis can't record them: .*\nRedis is back: .*\n$/);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 200));
});

test('flush=True records an update before the call returns', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  const code = `
import os
from publish_progress import publish_progress
for number in range(99):
    publish_progress("r", log=f"line {number}")
publish_progress("r", log="line 99", flush=True)
os._exit(0)
`;
  await runWell(code);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 100));
});

test('a publisher is closed by its block: all is recorded, and its thread and connection end', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  const code = `
import os
from publish_progress import Publisher
for number in range(300):
    with Publisher() as publisher:
        publisher.publish("r", log=f"line {number}")
while len(os.listdir("/proc/self/task")) > 1:
    os.sched_yield()
os._exit(0)
`;
  await runWell(code);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 300));
});

test('the threads of publishers that are idle end, and begin again', async (t) => {
  const { client, runWell } = await startPythonTrial(t);
  const code = `
import os
import publish_progress as module
module.IDLE_SECONDS = 0.05
publishers = [module.Publisher() for _ in range(30)]
for first in (0, 30):
    for number, publisher in enumerate(publishers, first):
        publisher.publish("r", log=f"line {number}", flush=True)
    while len(os.listdir("/proc/self/task")) > 1:
        os.sched_yield()
`;
  await runWell(code);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 60));
});

test('a connection that is dead without a sign costs neither the end of a run nor the exit its word', async (t) => {
  const { redis, client } = await startPythonTrial(t);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const code = `
import os, sys
from publish_progress import publish_progress
publish_progress("r", log="line 0", flush=True)
print("frozen?", flush=True)
sys.stdin.readline()
publish_progress("r", state="END", log="line 1")
os._exit(0)
`;
  const child = spawnPython(['-c', code], { REDIS_URL: proxy.url });
  t.after(() => child.kill());
  const ended = whenEnded(child);
  await once(child.stdout, 'data');
  assert.equal(proxy.freeze('EVALSHA'), 1);
  child.stdin.write('\n');
  assert.equal((await ended).code, 0);
  assert.deepEqual(await readLines(client, 'r'), lines(0, 2));
});

test('a request to uWSGI that runs no threads records its updates, with a warning', async (t) => {
  const { redis, client } = await startPythonTrial(t);
  const port = await freePort();
  const args = ['--plugin', 'python3', '--http-socket', `127.0.0.1:${port}`, '--wsgi-file', 'uwsgi_app.py'];
  const server = startProgram('uwsgi', args, {
    cwd: SUPPORT,
    env: { ...process.env, PYTHONPATH: PUBLISHER, PYTHONDONTWRITEBYTECODE: '1', REDIS_URL: redis.url },
  });
  t.after(() => server.stop('SIGKILL'));
  await server.waitForLine('"spawned"', (line) => line.includes('spawned uWSGI worker'));
  const { body } = await request(`http://127.0.0.1:${port}/`);
  assert.equal(await body.text(), 'started');
  assert.deepEqual(await readLines(client, 'r'), lines(0, 6));
  await server.waitForLine('a warning', (line) => line.includes('uWSGI without --enable-threads'));
});
