// The loop that sends updates to Redis, with a Redis that answers as a test says.
import assert from 'node:assert/strict';
import { mock, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Outcome } from '../../src/runs/store.ts';
import { MAX_COUNT } from '../../src/stores/batches.ts';
import type { CallResult, RecordScript } from '../../src/stores/record-call.ts';
import type { Sendable } from '../../src/stores/record-script.ts';
import { createSender, type SenderOptions } from '../../src/stores/sender.ts';

const RECORDED: Outcome = { status: 'recorded' };
const FULL: Outcome = { status: 'refused', reason: 'OOM' };
const BROKE: Outcome = { status: 'unknown', reason: 'broke' };

type Answer = <T extends Sendable>(batch: readonly T[]) => CallResult<T>;
const updatesIn = (call: string) => call.split(',').length;
const every =
  (outcome: Outcome, mayBeTooBig = false): Answer =>
  (batch) => ({ results: batch.map((item) => [item, outcome]), mayBeTooBig });

interface Setting extends Partial<SenderOptions<Sendable>> {
  isAnswering?: RecordScript['isAnswering'];
}

function setUp(t: TestContext, { isAnswering = async () => true, ...options }: Setting = {}) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const waiting: Sendable[] = [];
  const calls: string[] = [];
  const settled: string[] = [];
  let answer = every(RECORDED);
  const sender = createSender({
    script: {
      call: async (batch) => {
        calls.push(batch.map(({ text }) => text).join());
        return answer(batch);
      },
      isAnswering,
    },
    take: () => waiting.shift(),
    settle: ({ text }, { status }) => settled.push(`${text} ${status}`),
    onFailure: 'repeat',
    ...options,
  });
  return {
    sender,
    calls,
    settled,
    push: (text: string, runId = 'r') => {
      waiting.push({ runId, text, bytes: text === 'bad' ? 5000 : 1 });
      sender.wake();
    },
    answers: (next: Answer) => {
      answer = next;
    },
    /** Until nothing happens any more without a timer. */
    settle: async () => {
      for (let turn = 0; turn < 5; turn++) await nextTurn();
    },
    /** Through so many pauses. */
    later: async (pauses: number) => {
      for (let pause = 0; pause < pauses; pause++) {
        for (let turn = 0; turn < 5; turn++) await nextTurn();
        mock.timers.tick(2000);
      }
      for (let turn = 0; turn < 5; turn++) await nextTurn();
    },
  };
}

test('what comes shortly after a call goes together', async (t) => {
  const { push, calls, settle, sender } = setUp(t, { gatherMs: 10_000 });
  push('1');
  await settle();
  assert.deepEqual(calls, ['1'], 'the first waits for nobody');
  for (const text of ['2', '3', '4']) {
    push(text);
    await settle();
  }
  assert.deepEqual(calls, ['1']);
  mock.timers.tick(10_000);
  await sender.whenEmpty();
  assert.deepEqual(calls, ['1', '2,3,4']);
});

test('a call that can carry no more does not wait for others', async (t) => {
  const { push, calls, settle, sender } = setUp(t, { gatherMs: 10_000 });
  push('first');
  await settle();
  for (let n = 0; n < MAX_COUNT + 1; n++) push(`${n}`);
  mock.timers.tick(10_000);
  await settle();
  assert.deepEqual(calls.slice(1).map(updatesIn), [MAX_COUNT], 'the last one alone is gathered');
  for (let n = 0; n < 2 * MAX_COUNT; n++) push(`${n}`);
  mock.timers.tick(10_000);
  await settle();
  assert.deepEqual(calls.slice(2).map(updatesIn), [MAX_COUNT, MAX_COUNT]);
  mock.timers.tick(10_000);
  await sender.whenEmpty();
  assert.deepEqual(calls.slice(4).map(updatesIn), [1]);
});

test('what is gathered goes at once when it is asked for', async (t) => {
  const { push, calls, settle, sender } = setUp(t, { gatherMs: 10_000 });
  push('1');
  await settle();
  push('2');
  await settle();
  sender.hurry();
  await sender.whenEmpty();
  assert.deepEqual(calls, ['1', '2']);
});

test('while Redis takes nothing, updates are repeated as they were, and it says why', async (t) => {
  const { push, answers, calls, settled, settle, sender } = setUp(t);
  answers(every(FULL));
  push('1');
  push('2');
  await settle();
  assert.deepEqual([calls, sender.blockedBy()], [['1'], 'OOM']);
  sender.retryNow();
  await settle();
  assert.deepEqual(settled, []);
  answers(every(RECORDED));
  sender.retryNow();
  await sender.whenEmpty();
  assert.deepEqual(calls, ['1', '1,2', '1,2']);
  assert.deepEqual(settled, ['1 recorded', '2 recorded']);
  assert.equal(sender.blockedBy(), null);
});

test('what Redis recorded of a batch is settled, and the rest repeated', async (t) => {
  const { push, answers, settled, later, sender } = setUp(t);
  answers((batch) => ({
    results: batch.map((item, i) => [item, i === 0 ? RECORDED : FULL]),
    mayBeTooBig: false,
  }));
  for (const text of ['1', '2', '3']) push(text);
  await later(4);
  assert.deepEqual(settled, ['1 recorded', '2 recorded', '3 recorded']);
  assert.equal(sender.unsettled, 0);
});

test('an update that breaks every connection is given up, and other runs go on meanwhile', async (t) => {
  const { push, answers, settled, later, sender } = setUp(t, { isAnswering: async () => true });
  answers((batch) =>
    (batch.some(({ text }) => text === 'bad') ? every(BROKE, true) : every(RECORDED))(batch),
  );
  push('bad');
  push('next', 'r');
  for (const text of ['a', 'b', 'c']) push(text, 'other');
  await later(3);
  assert.deepEqual(settled, ['a recorded', 'b recorded', 'c recorded']);
  await later(8);
  assert.deepEqual(settled.slice(3), ['bad rejected', 'next recorded']);
  assert.equal(sender.unsettled, 0);
});

test('an update is not given up as long as Redis answers nothing else either', async (t) => {
  const { push, answers, settled, later, sender } = setUp(t, { isAnswering: async () => false });
  answers(every(BROKE, true));
  push('1');
  await later(30);
  assert.deepEqual(settled, []);
  sender.stop();
});

test('an update on trial whose Redis does not answer holds up no other run', async (t) => {
  const { push, answers, settled, later, sender } = setUp(t, {
    isAnswering: async ({ runId }) => runId !== 'dead',
  });
  answers((batch) =>
    batch.some(({ runId }) => runId === 'dead') ? every(BROKE, true)(batch) : every(RECORDED)(batch),
  );
  push('1', 'dead');
  await later(2);
  push('2', 'alive');
  await later(3);
  assert.deepEqual(settled, ['2 recorded']);
  sender.stop();
});

test('nothing is blocked any more when the update that was has been given up', async (t) => {
  const { push, answers, settled, later, sender } = setUp(t, { isAnswering: async () => true });
  answers(every(BROKE, true));
  push('bad');
  await later(8);
  assert.deepEqual([settled, sender.blockedBy()], [['bad rejected'], null]);
});

test('where nothing is repeated a failure is told at once, to whatever waits behind it too', async (t) => {
  const { push, answers, settled, sender } = setUp(t, { onFailure: 'refuse' });
  answers(every(BROKE, true));
  for (const text of ['1', '2', '3']) push(text);
  await sender.whenEmpty();
  assert.deepEqual(settled, ['1 unknown', '2 refused', '3 refused']);
  answers(every(RECORDED));
  push('4');
  await sender.whenEmpty();
  assert.deepEqual(settled.at(-1), '4 recorded');
});

test('after its end it sends nothing, and says what is left', async (t) => {
  const { push, answers, calls, settle, sender } = setUp(t);
  answers(every(FULL));
  push('1');
  await settle();
  sender.stop();
  await sender.whenEmpty();
  push('2');
  await settle();
  assert.deepEqual([calls, sender.unsettled], [['1'], 1]);
});
