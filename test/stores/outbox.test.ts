// What waits to be recorded: in order, and in bounded space.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox, type OutboxOptions } from '../../src/stores/outbox.ts';
import type { RecordScript } from '../../src/stores/record-call.ts';
import { createTally } from '../../src/stores/tally.ts';
import { createKeptLog } from '../support/kept-log.ts';

/** A Redis that answers nothing before `open`; what it then records is noted. */
function setUp(options: Partial<OutboxOptions> = {}) {
  const recorded: number[] = [];
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const call: RecordScript['call'] = async (batch) => {
    await opened;
    recorded.push(...batch.map(({ text }) => Number(/^n=(\d+)$/m.exec(text)?.[1])));
    return { results: batch.map((item) => [item, { status: 'recorded' }]), mayBeTooBig: false };
  };
  const tally = createTally(createKeptLog());
  const outbox = createOutbox({ script: { call, isAnswering: async () => true }, tally, ...options });
  const push = (n: number, length = 0) =>
    outbox.push({ runId: 'r', update: { log: 'x'.repeat(length) }, name: { source: '100', n } });
  return { outbox, push, open, recorded, dropped: () => tally.totals().get('dropped-oldest') ?? 0 };
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
  const { outbox, push, open, recorded, dropped } = setUp({ maxBytes: 10_000 });
  push(1, 4000);
  for (const n of [2, 3]) push(n, 2000);
  assert.equal(dropped(), 0, 'the first is on its way');
  push(4, 500);
  assert.equal(dropped(), 1);
  push(5, 4500);
  assert.equal(dropped(), 3);
  open();
  await outbox.whenEmpty();
  assert.deepEqual(recorded, [1, 5]);
});

test('bytes that were recorded, or dropped, make room again', async () => {
  const { outbox, push, open, recorded, dropped } = setUp({ maxBytes: 10_000 });
  open();
  for (let n = 1; n <= 10; n++) {
    push(n, 4000);
    await outbox.whenEmpty();
  }
  push(11, 5000);
  assert.equal(dropped(), 1, 'what is too large by itself never fits');
  push(12, 4000);
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
