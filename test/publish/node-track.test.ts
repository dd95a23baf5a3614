// A body of Node code that is tracked, from its first word to its end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { currentReport, type PublisherOptions, type Report } from '../../src/publish/publisher.ts';
import { startNodeTrial } from './support/node-trial.ts';

async function setUp(t: TestContext, options: Partial<PublisherOptions> = {}) {
  const trial = await startNodeTrial(t, options);
  const read = async (runId: string) => (await trial.read(runId)) as unknown as Record<string, unknown>[];
  const lastOf = async (runId: string) => {
    const { state, progress, current, total, message } = (await read(runId)).at(-1) ?? {};
    return { state, progress, current, total, message };
  };
  const attemptsOf = async (runId: string) => new Set((await read(runId)).map(({ attempt }) => attempt));
  return { ...trial, read, lastOf, attemptsOf };
}

test('a tracked body counts, gives its value, and is END when the promise is fulfilled', async (t) => {
  const { publisher, warnings, lastOf, attemptsOf } = await setUp(t);
  const value = await publisher.track('counted', async (report) => {
    for (const part of report.each(['a', 'b', 'c'])) await report({ log: part });
    return 'the film';
  });
  assert.equal(value, 'the film');
  const counted = { state: 'END', progress: 1, current: 3, total: 3, message: '' };
  assert.deepEqual(await lastOf('counted'), counted);
  assert.equal((await attemptsOf('counted')).size, 1);

  await publisher.track('stream', async (report) => {
    async function* parts() {
      yield* ['a', 'b', 'c'];
    }
    const seen: string[] = [];
    for await (const part of report.each(parts(), 3)) seen.push(part);
    assert.deepEqual(seen, ['a', 'b', 'c']);
  });
  assert.deepEqual(await lastOf('stream'), counted);
  assert.deepEqual(warnings, []);
});

test('a tracked body that throws is FAILED with the error in one line, and the promise rejects with the error', async (t) => {
  const { publisher, lastOf } = await setUp(t);
  const error = new RangeError('bad\nand more');
  await assert.rejects(
    publisher.track('failed', () => {
      throw error;
    }),
    error,
  );
  const { state, message } = await lastOf('failed');
  assert.deepEqual([state, message], ['FAILED', 'RangeError: bad']);
});

test('an error after which the queue tries again is a line, and no end', async (t) => {
  const { publisher, lastOf } = await setUp(t);
  for (const attemptsLeft of [1, 0])
    await assert.rejects(
      publisher.track(
        'retried',
        async (report) => {
          await report({ state: 'RENDERING' });
          const { state } = await lastOf('retried');
          assert.equal(state, 'RENDERING');
          throw new Error(`${attemptsLeft} left`);
        },
        { willRetry: () => attemptsLeft > 0 },
      ),
    );
  const { state, message } = await lastOf('retried');
  assert.deepEqual([state, message], ['FAILED', 'Error: 0 left']);
});

test('an end that the body has reported stands', async (t) => {
  const { publisher, read } = await setUp(t, { terminalStates: ['DONE', 'CANCELLED', 'BROKEN'] });
  await publisher.track('own', (report) => void report({ state: 'CANCELLED', log: 'by hand' }));
  assert.deepEqual(
    (await read('own')).map(({ state }) => state),
    [null, 'CANCELLED'],
  );
});

test('a report after the end of its body is left out, with a warning', async (t) => {
  const { publisher, warnings, read } = await setUp(t);
  const ended = await publisher.track('ended', (report) => report);
  assert.equal(await ended({ state: 'A', log: 'too late' }), false);
  assert.deepEqual([...ended.each(['a', 'b'])], ['a', 'b']);
  const reports: Report[] = [];
  const failing = publisher.track('failed', (report) => {
    reports.push(report);
    throw new Error('bad');
  });
  await assert.rejects(failing, /bad/);
  await publisher.track('parts', (report) => void reports.push(report), { part: 'one' });
  for (const report of reports) assert.equal(await report({ log: 'too late' }), false);
  const told = async (runId: string) => (await read(runId)).map(({ state, message }) => [state, message]);
  assert.deepEqual(await told('ended'), [
    [null, ''],
    ['END', ''],
  ]);
  assert.deepEqual((await told('failed')).slice(1), [['FAILED', 'Error: bad']]);
  assert.deepEqual(await told('parts'), [[null, '']]);
  assert.deepEqual(warnings, ['a report of run ended came after its end: it is left out']);
});

test('an error after the end that the body has reported is a line, and that end stands', async (t) => {
  const { publisher, read } = await setUp(t);
  const failing = publisher.track('own', async (report) => {
    await report({ state: 'END' });
    throw new Error('bad');
  });
  await assert.rejects(failing, /bad/);
  assert.deepEqual(
    (await read('own')).slice(1).map(({ state, message }) => [state, message]),
    [
      ['END', ''],
      ['END', 'Error: bad'],
    ],
  );
});

test('a loop that is left early has counted what was done', async (t) => {
  const { publisher, lastOf } = await setUp(t);
  const failing = publisher.track('thrown', (report) => {
    for (const part of report.each(['a', 'b', 'c', 'd'])) if (part === 'c') throw new Error('bad');
  });
  await assert.rejects(failing, /bad/);
  const { state, current } = await lastOf('thrown');
  assert.deepEqual([state, current], ['FAILED', 2]);
});

test('an abort after which the queue tries again is a line, and a body that returns all the same is END', async (t) => {
  const { publisher, lastOf, read } = await setUp(t);
  const stopping = new AbortController();
  const options = { signal: stopping.signal, willRetry: () => true };
  await publisher.track('aborted', () => stopping.abort(new Error('stopping')), options);
  assert.equal((await lastOf('aborted')).state, 'END');
  assert.deepEqual(
    (await read('aborted')).map(({ message }) => message),
    ['', 'Error: stopping', ''],
  );
});

test('a rule for retries that throws is a warning, and the run ends', async (t) => {
  const { publisher, warnings, lastOf } = await setUp(t);
  const willRetry = () => {
    throw new Error('no rule');
  };
  const failing = publisher.track('rule', () => Promise.reject(new Error('bad')), { willRetry });
  await assert.rejects(failing, /bad/);
  assert.equal((await lastOf('rule')).state, 'FAILED');
  assert.deepEqual(warnings, ['willRetry failed, so run rule ends: Error: no rule']);
});

test('an onWarning that throws ends nothing', async (t) => {
  const { client, publisher, lastOf } = await setUp(t, {
    onWarning: () => {
      throw new Error('bad');
    },
  });
  await client.set('autoshorts:run:string', 'not a list');
  const told = once(process, 'warning');
  assert.equal(await publisher.publish('string', { state: 'A' }), false);
  assert.match(
    `${(await told)[0]}`,
    /onWarning failed: Error: bad[\s\S]*Redis refuses an update of run string/,
  );
  assert.equal(await publisher.publish('well', { state: 'A' }), true);
  assert.equal((await lastOf('well')).state, 'A');
});

test('of two deliveries at once readers see the later one alone, from its first word on', async (t) => {
  const { publisher, warnings, read } = await setUp(t);
  await publisher.track('twice', async (first) => {
    assert.equal(await first({ log: 'first' }), true);
    await publisher.track('twice', async (second) => {
      assert.equal(await second({ state: 'A', log: 'second' }), true);
      assert.equal(await first({ state: 'B', log: 'too late' }), false);
    });
  });
  assert.deepEqual(
    (await read('twice')).map(({ state, message }) => [state, message]),
    [
      [null, ''],
      [null, 'first'],
      [null, ''],
      ['A', 'second'],
      ['END', ''],
    ],
  );
  assert.deepEqual(warnings, ['a later attempt has begun run twice anew: updates of this one are left out']);
});

test('a part is counted once though it is delivered twice, and ends nothing', async (t) => {
  const { publisher, lastOf, read } = await setUp(t);
  const attempt = await publisher.newAttempt();
  await publisher.publish('parts', { state: 'A', total: 4, attempt });
  for (const part of ['one', 'two', 'one', 'two'])
    await publisher.track('parts', () => currentReport()({ log: part }), { part, attempt });
  await assert.rejects(
    publisher.track('parts', (report) => report.each([]), { part: 'three', attempt }),
    TypeError,
  );
  const { state, progress, current, message } = await lastOf('parts');
  assert.deepEqual([state, progress, current], ['A', 0.5, 2]);
  assert.match(`${message}`, /^TypeError: a part of a run counts as one/);
  const lines = 5;
  assert.equal((await read('parts')).length, 1 + lines + 2, 'a part says nothing of its beginning');
});

test('code below the body finds its report, also after a wait, and outside of any one that does nothing', async (t) => {
  const { publisher, read } = await setUp(t);
  const below = async (log: string) => {
    await new Promise(setImmediate);
    await currentReport()({ log });
  };
  await publisher.track('outer', async () => {
    await publisher.track('inner', () => below('in'));
    await below('out');
  });
  assert.equal(await currentReport()({ log: 'nowhere' }), false);
  assert.deepEqual([...currentReport().each([1, 2])], [1, 2]);
  const lines = async (runId: string) =>
    (await read(runId)).flatMap(({ message }) => (message === '' ? [] : [message]));
  assert.deepEqual([await lines('outer'), await lines('inner')], [['out'], ['in']]);
});

test('an abort says FAILED at once, whatever the body says later', async (t) => {
  const { publisher, lastOf, read } = await setUp(t);
  const stopping = new AbortController();
  await publisher.track(
    'aborted',
    async (report) => {
      await report({ state: 'A' });
      stopping.abort(new Error('ended by SIGTERM'));
      assert.equal(await publisher.flush(), true);
      assert.equal((await lastOf('aborted')).state, 'FAILED');
      assert.equal(await report({ state: 'B' }), false);
    },
    { signal: stopping.signal },
  );
  const { state, message } = await lastOf('aborted');
  assert.deepEqual([state, message], ['FAILED', 'Error: ended by SIGTERM']);
  const before = (await read('late')).length;
  const late = publisher.track('late', () => assert.fail('it never begins'), { signal: stopping.signal });
  await assert.rejects(late, /ended by SIGTERM/);
  assert.deepEqual([before, (await lastOf('late')).state], [0, 'FAILED']);
});

test('a body is tracked though Redis is away: it runs, and what it said is recorded later', async (t) => {
  const { redis, publisher, lastOf } = await setUp(t);
  await redis.kill();
  assert.equal(await publisher.track('away', async () => 'value'), 'value');
  await redis.restart();
  assert.equal(await publisher.flush(60_000), true);
  assert.equal((await lastOf('away')).state, 'END');
});
