// How the run of a tracked Python body ends where processes fork, signals come, and ends are said twice.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startPythonTrial } from './support/python-trial.ts';

/** Runs the code, whose standard error must match, and gives what reads the states and lines of a run. */
async function run(t: TestContext, code: string, errors = /^$/) {
  const trial = await startPythonTrial(t);
  const { code: status, stderr } = await trial.run(code);
  assert.equal(status, 0, stderr);
  assert.match(stderr, errors);
  return async (runId: string) => (await trial.read(runId)).map(({ state, message }) => [state, message]);
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

test('a report after the end of its body is left out, with a warning', async (t) => {
  const read = await run(
    t,
    `
from publish_progress import tracked
with tracked("ended") as report:
    pass
report(state="A", log="too late")
for part in report.each("ab"):
    pass
try:
    with tracked("failed") as report:
        raise ValueError("bad")
except ValueError:
    report(log="too late")
with tracked("parts", part="one") as report:
    pass
report(log="too late")
with tracked("again", part="one") as report:
    pass
with report:
    report(log="in time")
`,
    /^a report of run 'ended' came after its end: it is left out \(said once\)\n$/,
  );
  assert.deepEqual(await read('ended'), [
    [null, ''],
    ['END', ''],
  ]);
  assert.deepEqual((await read('failed')).slice(1), [['FAILED', 'ValueError: bad']]);
  assert.deepEqual(await read('parts'), [[null, '']]);
  assert.deepEqual(await read('again'), [
    [null, ''],
    [null, 'in time'],
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

test('a loop that is left early has counted what was done', async (t) => {
  const read = await run(
    t,
    `
import publish_progress
from publish_progress import tracked
publish_progress.EACH_SECONDS = 1000
class Loader:
    def __len__(self):
        raise TypeError("it has none")
    def __iter__(self):
        return iter("abcd")
def run(run_id, parts):
    with tracked(run_id) as report:
        for part in report.each(parts):
            if part == "c":
                if run_id == "left":
                    break
                raise ValueError("bad")
run("left", Loader())
try:
    run("thrown", "abcd")
except ValueError:
    pass
for run_id, expected in (("left", '"current":2'), ("thrown", '"progress":0.5,"current":2')):
    entry = publish_progress.default_publisher()._ask("LINDEX", f"autoshorts:run:{run_id}", -1)
    assert '"done":true' in entry and expected in entry, entry
`,
  );
  assert.deepEqual((await read('left')).at(-1), ['END', '']);
});

test('entering and heartbeats raise nothing, and a part may have any name but an empty one', async (t) => {
  const read = await run(
    t,
    `
import _thread, os
import publish_progress
from publish_progress import Publisher, tracked
url = os.environ["REDIS_URL"]
publish_progress.FLUSH_SECONDS = publish_progress.FIRST_SECONDS = 0.1
with tracked("unasked", publisher=Publisher(f"{url}/0?foo=bar")) as report:
    report(state=[1])
with tracked("strict", publisher=Publisher("redis://127.0.0.1:1", strict=True), part="one") as report:
    report._publisher._say_alive("strict", None, 1)
    report._publisher = Publisher()
start = _thread.start_new_thread
def refuse(*_):
    raise RuntimeError("can't start new thread")
with tracked("still") as report:
    report._over.set()
    _thread.start_new_thread = refuse
    report._start_beat()
    _thread.start_new_thread = start
publish_progress.publish_progress("parts", state="A", total=4)
for part in (0, 0, 1):
    with tracked("parts", part=part) as report:
        pass
assert '"current":2' in publish_progress.default_publisher()._ask("LINDEX", "autoshorts:run:parts", -1)
try:
    tracked("parts", part="")
    raise SystemExit("it takes an empty name")
except ValueError:
    pass
`,
    /Redis can't be asked: TypeError[\s\S]*a heartbeat of run 'strict' is left out[\s\S]*run 'still' has no heartbeats/,
  );
  assert.deepEqual(await read('still'), [
    [null, ''],
    ['END', ''],
  ]);
});

test('a FAILED for a task that died bears its attempt, though Redis does not say that of the run', async (t) => {
  const read = await run(
    t,
    `
import os
import publish_progress as module
module.ANSWER_SECONDS = module.CONNECT_SECONDS = module.FLUSH_SECONDS = 0.1
publisher = module.Publisher()
os.kill(int(os.environ["REDIS_PID"]), 19)
module._say_failed(publisher, "unread", 5, "end 5", "it died")
os.kill(int(os.environ["REDIS_PID"]), 18)
assert publisher.flush(60)
module.ANSWER_SECONDS = 60
assert '"attempt":5,' in publisher._ask("LINDEX", "autoshorts:run:unread", -1)
`,
    /^(updates wait[\s\S]*|)$/,
  );
  assert.deepEqual(await read('unread'), [['FAILED', 'it died']]);
});
