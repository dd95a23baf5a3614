// How the run of a tracked Python body ends where processes fork, signals come, and ends are said twice.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { startRedis } from '../support/redis.ts';
import { spawnPython, whenEnded } from './support/python.ts';

/** Runs the code, whose standard error must match, and gives the runs that it has recorded. */
async function run(t: TestContext, code: string, errors = /^$/, environment: Record<string, string> = {}) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const child = spawnPython(['-c', code], { REDIS_URL: redis.url, ...environment });
  const { code: status, stderr } = await whenEnded(child);
  assert.equal(status, 0, stderr);
  assert.match(stderr, errors);
  return async (runId: string) =>
    (await readHistory(client, runId)).map(({ state, message }) => [state, message]);
}

test('a forked child says no end of the body that its parent runs', async (t) => {
  const read = await run(
    t,
    `
import os, signal
from publish_progress import tracked
with tracked("outer"), tracked("forked"):
    ready, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(say, b".")
        while True:
            signal.pause()
    os.read(ready, 1)
    os.kill(child, signal.SIGTERM)
    assert os.waitpid(child, 0)[1] == signal.SIGTERM
    child = os.fork()
    if child == 0:
        with tracked("own"):
            pass
        tracked.current().__exit__(ValueError, ValueError("bad"), None)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
`,
  );
  const whole = [
    [null, ''],
    ['END', ''],
  ];
  for (const runId of ['outer', 'forked', 'own']) assert.deepEqual(await read(runId), whole, runId);
});

test('an error after the end that the body has reported is a line, and that end stands', async (t) => {
  const read = await run(
    t,
    `
from publish_progress import tracked
try:
    with tracked("own") as report:
        report(state="END")
        raise ValueError("bad")
except ValueError:
    pass
`,
  );
  assert.deepEqual((await read('own')).slice(1), [
    ['END', ''],
    ['END', 'ValueError: bad'],
  ]);
});

test('SIGTERM ends all bodies that run, also amid an update of a strict publisher', async (t) => {
  const read = await run(
    t,
    `
import os, signal
import publish_progress
from publish_progress import Publisher, tracked
child = os.fork()
if child == 0:
    publisher = Publisher(strict=True)
    with tracked("outer"), tracked("inner", publisher=publisher):
        with publisher._lock:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
assert os.waitpid(child, 0)[1] == signal.SIGTERM
with tracked("before"):
    def mine(*_):
        pass
    signal.signal(signal.SIGTERM, mine)
assert signal.getsignal(signal.SIGTERM) is mine
`,
  );
  for (const runId of ['outer', 'inner'])
    assert.deepEqual((await read(runId)).at(-1), ['FAILED', 'ended by SIGTERM'], runId);
});

test('a rule for retries that fails is a warning, and the run ends', async (t) => {
  const read = await run(
    t,
    `
from publish_progress import tracked
try:
    with tracked("rule", will_retry=lambda error: error.missing):
        raise ValueError("bad")
except ValueError:
    pass
`,
    /^will_retry failed, so run 'rule' ends: AttributeError/,
  );
  assert.deepEqual((await read('rule')).at(-1), ['FAILED', 'ValueError: bad']);
});

test('a task that is called directly ends its run, though a worker would try again', async (t) => {
  const read = await run(
    t,
    `
from celery import Celery
from publish_progress import tracked
@Celery("direct").task(autoretry_for=(ValueError,))
def task():
    with tracked("direct"):
        raise ValueError("bad")
try:
    task()
except ValueError:
    pass
`,
  );
  assert.deepEqual((await read('direct')).at(-1), ['FAILED', 'ValueError: bad']);
});

test('a second body of one run in one Celery delivery has its own end', async (t) => {
  const read = await run(
    t,
    `
from celery import Celery
from publish_progress import new_attempt, tracked
app = Celery("again")
@app.task(bind=True)
def task(self):
    self.request.run_progress_attempt = new_attempt()
    with tracked("again"):
        pass
    try:
        with tracked("again") as report:
            report(state="A")
            raise ValueError("bad")
    except ValueError:
        pass
task()
`,
  );
  assert.deepEqual(await read('again'), [
    [null, ''],
    ['END', ''],
    [null, ''],
    ['A', ''],
    ['FAILED', 'ValueError: bad'],
  ]);
});
