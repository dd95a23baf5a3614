// What Python programs really hand to the publisher: none of it makes it raise.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startPythonTrial } from './support/python-trial.ts';

async function runPython(t: TestContext, code: string) {
  const { run, read } = await startPythonTrial(t);
  const { code: status, stdout, stderr } = await run(code);
  assert.equal(status, 0, stderr);
  return { stdout, stderr, events: await read('r') };
}

test('whatever is a number is one: Decimal, Fraction, scalars and arrays without a dimension of NumPy', async (t) => {
  const code = `
import decimal, fractions
import numpy
from publish_progress import publish_progress
for number in (decimal.Decimal("0.5"), fractions.Fraction(1, 2), numpy.float32(0.5), numpy.float64(0.5), numpy.array(0.5)):
    publish_progress("r", progress=number)
publish_progress("r", progress=numpy.int64(1))
publish_progress("r", data={"loss": numpy.float32(0.25), "epoch": numpy.int64(3), "price": decimal.Decimal("0.5")})
`;
  const { stderr, events } = await runPython(t, code);
  assert.equal(stderr, '');
  assert.deepEqual(
    events.map(({ progress }) => progress),
    [0.5, 0.5, 0.5, 0.5, 0.5, 1, 1],
  );
  assert.deepEqual(events.at(-1)?.data, { loss: 0.25, epoch: 3, price: 0.5 });
});

test('what is no such value is left out, and the warning shows it and its type', async (t) => {
  const code = `
import decimal
import numpy
from publish_progress import Publisher
class Hostile:
    def __eq__(self, other): raise RuntimeError("no")
    def __repr__(self): raise RuntimeError("no")
    def __float__(self): raise ValueError("no")
circle = {}
circle["itself"] = circle
many = numpy.array([1.0, 2.0])
def report(**fields):
    with Publisher() as publisher:
        publisher.publish("r", **fields)
for value in (many, numpy.bool_(True), True, "0.5", decimal.Decimal("NaN"), 10**400, 40, Hostile()):
    report(progress=value)
for value in (many, 5, b"bytes", Hostile()):
    report(log=value)
    report(state=value)
for value in (many, circle, {"a": many}, {"a": float("nan")}, {"a": Hostile()}, {("a",): 1}, ["a"]):
    report(data=value)
report(log="the last")
with Publisher() as publisher:
    for run_id in (many, None, 5, ""):
        publisher.publish(run_id, log="x")
`;
  const { stderr, events } = await runPython(t, code);
  const warnings = stderr.split('\n').filter((line) => /: (it|the update) is left out/.test(line));
  assert.equal(warnings.length, 24, stderr);
  assert.match(
    stderr,
    /^progress must be a number from 0 to 1, not 40 \(int\): it is left out \(said once\)$/m,
  );
  assert.match(stderr, /^progress must be a number, not array\(\[1\., 2\.\]\) \(ndarray\): /m);
  assert.match(stderr, /^log must be a string, not 5 \(int\): /m);
  assert.match(stderr, /^run_id must be 1 to 256 bytes .*, not array/m);
  assert.doesNotMatch(stderr, /Traceback|Exception/);
  assert.deepEqual(
    events.map(({ message, state, progress, data }) => ({ message, state, progress, data })).at(-1),
    {
      message: 'the last',
      state: null,
      progress: null,
      data: undefined,
    },
  );
});

test('data that another thread changes meanwhile is sent as it was, or left out', async (t) => {
  const code = `
import sys, threading
from publish_progress import publish_progress
sys.setswitchinterval(1e-6)
data, is_over = {"nested": {}}, False
def change():
    number = 0
    while not is_over:
        number += 1
        data["nested"][f"key {number % 50}"] = number
        data["nested"].pop(f"key {(number + 25) % 50}", None)
thread = threading.Thread(target=change)
thread.start()
for _ in range(3000):
    publish_progress("r", data=data)
is_over = True
thread.join()
publish_progress("r", log="the last")
`;
  const { stderr, events } = await runPython(t, code);
  assert.match(stderr, /^$|^data must be JSON \(dictionary changed size during iteration\)/);
  assert.equal(events.at(-1)?.message, 'the last');
});

test('a bar of tqdm, also over nothing and over what has no length', async (t) => {
  const code = `
import os
from tqdm import tqdm
from publish_progress import publish_progress
run_id = "r"
class progress(tqdm):
    def display(self, *args, **kwargs):
        if self.total:
            publish_progress(run_id, progress=self.n / self.total)
        return super().display(*args, **kwargs)
with open(os.devnull, "w") as nowhere:
    for part in progress([], file=nowhere): pass
    for part in progress((number for number in range(5)), file=nowhere): pass
    for part in progress([1, 2, 3, 4], file=nowhere, mininterval=0): pass
`;
  const { stderr, events } = await runPython(t, code);
  assert.equal(stderr, '');
  assert.equal(events.at(-1)?.progress, 1);
});

test('an exception that is raised anywhere in a call, as Celery raises its soft limit, loses no other update', async (t) => {
  const code = `
import random, signal
from publish_progress import Publisher
class SoftTimeLimitExceeded(Exception): pass
def interrupt(*_): raise SoftTimeLimitExceeded
signal.signal(signal.SIGALRM, interrupt)
publisher = Publisher(history_limit=100000)
number = interrupted = 0
while interrupted < 200:
    number += 1
    try:
        if number % 10 == 0:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-6, 2e-4))
        publisher.publish("r", log=f"line {number}")
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(number)
    except SoftTimeLimitExceeded:
        interrupted += 1
assert publisher.flush(30)
`;
  const { stdout, stderr, events } = await runPython(t, code);
  assert.equal(stderr, '');
  const lines = events.map(({ message }) => Number(message.slice(5)));
  assert.deepEqual(
    lines,
    [...new Set(lines)].sort((a, b) => a - b),
    'each once, in order',
  );
  const recorded = new Set(lines);
  const returned = stdout.split('\n').filter(Boolean).map(Number);
  assert.deepEqual(
    returned.filter((number) => !recorded.has(number)),
    [],
  );
});
