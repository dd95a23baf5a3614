// A body of Python code that is tracked, from its first word to its end.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { assertApart, listenFor } from './support/announced.ts';
import { lines } from './support/lines.ts';
import { spawnPython, whenEnded } from './support/python.ts';
import { startPythonTrial } from './support/python-trial.ts';

const CODE = `
import os, signal
import publish_progress
from publish_progress import tracked
with tracked("counted") as report:
    for part in report.each(["a", "b", "c"]):
        tracked.current()(log=part)
try:
    with tracked("failed") as report:
        report(state="A")
        raise ValueError("bad\\nand more")
except ValueError:
    pass
publish_progress.publish_progress("parts", state="A", total=4)
for delivery in (1, 2):
    for part in ("one", "two"):
        with tracked("parts", part=part):
            pass
with tracked("twice") as first:
    first(log="first")
    with tracked("twice") as second:
        second(state="A", log="second")
        first(state="B", log="too late")
    first(log="much too late")
tracked.current()(log="nowhere")
if os.fork() == 0:
    with tracked("killed") as report:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
print(os.wait()[1])
`;

test('a tracked body counts, ends as it ended, and gives way to a later attempt', async (t) => {
  const trial = await startPythonTrial(t);
  const { code, stdout, stderr } = await trial.run(CODE);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '15\n', 'the process ended by the signal');
  assert.match(stderr, /^a later attempt has begun run 'twice' anew: .*\n$/);
  const lastOf = async (runId: string) => {
    const last = (await trial.read(runId)).at(-1) as unknown as Record<string, unknown>;
    const { state, progress, current, total, message } = last;
    return { state, progress, current, total, message };
  };
  assert.deepEqual(await lastOf('counted'), { state: 'END', progress: 1, current: 3, total: 3, message: '' });
  const failed = await lastOf('failed');
  assert.deepEqual([failed.state, failed.message], ['FAILED', 'ValueError: bad']);
  const parts = await lastOf('parts');
  assert.deepEqual([parts.state, parts.progress, parts.current], ['A', 0.5, 2]);
  assert.equal((await trial.read('parts')).length, 1 + 2, 'a part says nothing of its beginning');
  assert.deepEqual(
    (await trial.read('twice'))
      .map(({ state, message }) => [state, message])
      .filter(([, message]) => message !== ''),
    [
      [null, 'first'],
      ['A', 'second'],
    ],
  );
  assert.deepEqual((await lastOf('twice')).state, 'END');
  const killed = await lastOf('killed');
  assert.deepEqual([killed.state, killed.message], ['FAILED', 'ended by SIGTERM']);
});

/** Runs the code, which ends at a line on its standard input, until the run has so many events. Gives all of them. */
async function runUntilHeard(t: TestContext, runId: string, count: number, code: string) {
  const { redis, read } = await startPythonTrial(t);
  const { heard } = await listenFor(redis, runId, count);
  const child = spawnPython(['-c', code], { REDIS_URL: redis.url });
  t.after(() => child.kill());
  const ended = whenEnded(child);
  await heard;
  child.stdin.write('\n');
  assert.deepEqual(await ended, { code: 0, stdout: '', stderr: '' });
  return read(runId);
}

test('heartbeats say that a silent body lives', async (t) => {
  const code = `
import sys
from publish_progress import tracked
with tracked("silent", heartbeat_seconds=0.02):
    sys.stdin.readline()
`;
  const events = await runUntilHeard(t, 'silent', 4, code);
  assert.ok(events.slice(0, -1).every(({ state, message }) => state === null && message === ''));
  assert.equal(events.at(-1)?.state, 'END');
});

test('of the silent parts of a run no more heartbeats are recorded than of one', async (t) => {
  const code = `
import sys, threading
from publish_progress import Publisher, tracked
over = threading.Event()
publishers = [Publisher(), Publisher(strict=True)]
def work(number):
    with tracked("parts", part=f"{number}", heartbeat_seconds=0.05, publisher=publishers[number % 2]):
        over.wait()
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
sys.stdin.readline()
over.set()
for thread in threads: thread.join()
`;
  assertApart(await runUntilHeard(t, 'parts', 6, code), 45);
});

test('a day of silence leaves the lines before it in the history, and heartbeats come often again after a word', async (t) => {
  const { runWell, read } = await startPythonTrial(t);
  // The loop of the heartbeats runs in no thread of its own, and by a clock that its waits move on. To Redis that is no time
  // at all: HEARD = 0 lets it record each heartbeat.
  const code = `
import time
import publish_progress as module
DAY, HOUR, module.HEARD = 24 * 3600, 3600, 0
class Clock:
    now = 0
    spoke_at = None
    time = staticmethod(time.time)
    def monotonic(self):
        return self.now
    def wait(self, seconds):
        self.now += seconds
        if self.now > DAY and self.spoke_at is None:
            report(log="a word")
            self.spoke_at = self.now
        return self.spoke_at is not None and self.now > self.spoke_at + HOUR
clock = Clock()
module.tracked._start_beat = lambda report: None
with module.tracked("silent") as report:
    for number in range(50):
        report(log=f"line {number}")
    report._reported_at = 0
    module.time, report._over = clock, clock
    report._beat()
    module.time, report._over = time, module._Signal()
`;
  await runWell(code, { HISTORY_LIMIT: '1000' });
  const messages = (await read('silent')).map(({ message }) => message);
  const word = messages.indexOf('a word');
  assert.deepEqual(messages.slice(0, 51), ['', ...lines(0, 50)]);
  assert.equal(word - 51, 396, 'heartbeats of a day');
  assert.equal(messages.length - 1 - (word + 1), 120, 'heartbeats of an hour');
});
