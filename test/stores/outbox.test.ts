// What waits to be recorded: in order, and in bounded space.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pino } from 'pino';
import type { Outcome, Store } from '../../src/runs/store.ts';
import { createOutbox, type OutboxOptions } from '../../src/stores/outbox.ts';
import { createTally } from '../../src/stores/tally.ts';

/** A store that answers nothing before `open`, and notes what it then records. */
function setUp(options: Partial<OutboxOptions> = {}) {
  const recorded: number[] = [];
  const calls: number[] = [];
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const record: Store['record'] = async (recordings) => {
    await opened;
    calls.push(recordings.length);
    recorded.push(...recordings.map(({ name }) => name.n));
    return recordings.map((): Outcome => ({ status: 'recorded' }));
  };
  const tally = createTally(pino({ level: 'silent' }));
  const outbox = createOutbox({ record, tally, ...options });
  const push = (n: number, bytes = 1) =>
    outbox.push({ runId: 'r', update: {}, name: { source: '100', n } }, bytes);
  return { outbox, push, open, recorded, calls, dropped: () => tally.totals().get('dropped-oldest') ?? 0 };
}

test('beyond so many messages the oldest that wait go, and are counted', async () => {
  const { outbox, push, open, recorded, dropped } = setUp({ maxWaiting: 3 });
  // The first is on its way already.
  for (let n = 1; n <= 6; n++) push(n);
  assert.equal(dropped(), 2);
  open();
  await outbox.whenEmpty();
  assert.deepEqual(recorded, [1, 4, 5, 6]);
});

test('beyond so many bytes the oldest that wait go, and are counted', async () => {
  const { outbox, push, open, recorded, dropped } = setUp({ maxBytes: 100 });
  push(1, 90);
  for (const n of [2, 3]) push(n, 50);
  assert.equal(dropped(), 0);
  push(4, 10);
  assert.equal(dropped(), 1);
  push(5, 95);
  assert.equal(dropped(), 3);
  open();
  await outbox.whenEmpty();
  assert.deepEqual(recorded, [1, 5]);
});

test('bytes that were recorded, or dropped, make room again', async () => {
  const { outbox, push, open, recorded, dropped } = setUp({ maxBytes: 100 });
  open();
  for (let n = 1; n <= 10; n++) {
    push(n, 80);
    await outbox.whenEmpty();
  }
  push(11, 101);
  assert.equal(dropped(), 1, 'what is too large by itself never fits');
  push(12, 100);
  await outbox.whenEmpty();
  assert.equal(dropped(), 1);
  assert.deepEqual(recorded, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12]);
});

test('within the bounds nothing goes, and all is recorded in order', async () => {
  const { outbox, push, open, recorded, dropped } = setUp();
  const names = Array.from({ length: 1000 }, (_, i) => i + 1);
  for (const n of names) push(n, 1000);
  open();
  await outbox.whenEmpty();
  assert.deepEqual(recorded, names);
  assert.equal(dropped(), 0);
});

test('what comes shortly after a call goes together', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { outbox, push, open, calls } = setUp();
  open();
  push(1);
  await new Promise(setImmediate);
  assert.deepEqual(calls, [1], 'the first waits for nobody');
  for (const n of [2, 3, 4]) {
    push(n);
    await new Promise(setImmediate);
  }
  assert.deepEqual(calls, [1]);
  mock.timers.tick(10);
  await outbox.whenEmpty();
  assert.deepEqual(calls, [1, 3]);
});
