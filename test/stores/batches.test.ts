// Which updates go together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Batch, createBatches, MAX_BYTES, MAX_COUNT } from '../../src/stores/batches.ts';

interface Item {
  runId: string;
  n: number;
  text: string;
  bytes: number;
}

const item = (n: number, bytes = 1, runId = 'r'): Item => ({ runId, n, text: '', bytes });

function setUp(...waiting: Item[]) {
  const batches = createBatches(() => waiting.shift());
  const numbersOf = ({ items }: Batch<Item>) => items.map(({ n }) => n);
  return { batches, waiting, numbersOf, succeed: (batch: Batch<Item>) => batches.answered(batch, []) };
}

test('a batch is bounded by count and by bytes, and has one update at least', () => {
  const many = setUp(...Array.from({ length: MAX_COUNT + 1 }, (_, i) => item(i)));
  assert.equal(many.batches.next().items.length, MAX_COUNT);
  const big = setUp(item(1, MAX_BYTES - 1), item(2), item(3), item(4, 2 * MAX_BYTES), item(5));
  for (const expected of [[1, 2], [3], [4], [5], []]) {
    const batch = big.batches.next();
    assert.deepEqual(big.numbersOf(batch), expected);
    big.succeed(batch);
  }
});

test('what failed is halved until one is alone, and grows again', () => {
  const { batches, numbersOf, succeed } = setUp(...Array.from({ length: 8 }, (_, i) => item(i, 1000)));
  for (const length of [8, 4, 2]) {
    const batch = batches.next();
    assert.equal(batch.items.length, length);
    batches.failed(batch);
  }
  const alone = batches.next();
  assert.deepEqual(numbersOf(alone), [0]);
  succeed(alone);
  assert.equal(batches.next().items.length, 7);
});

test('an update on trial lets other runs go first, and holds its own run back', () => {
  const { batches, numbersOf, succeed } = setUp(
    item(1, 1, 'bad'),
    item(2, 1, 'bad'),
    item(3, 1, 'good'),
    item(4, 1, 'good'),
  );
  batches.failed(batches.next());
  batches.failed(batches.next());
  const bad = batches.next();
  assert.deepEqual(numbersOf(bad), [1]);
  assert.equal(batches.failed(bad), false);
  const others = batches.next();
  assert.deepEqual([numbersOf(others), others.isTrial], [[3], false]);
  succeed(others);
  const trial = batches.next();
  assert.deepEqual([numbersOf(trial), trial.isTrial], [[1], true]);
  succeed(trial);
  assert.deepEqual(numbersOf(batches.next()), [2, 4]);
});

test('an update that fails alone too often is given up, and its run goes on', () => {
  const { batches, numbersOf } = setUp(item(1, 5000), item(2));
  let tries = 0;
  const first = batches.next();
  batches.failed(first);
  for (;;) {
    const alone = batches.next();
    assert.deepEqual(numbersOf(alone), [1]);
    tries++;
    if (batches.failed(alone)) break;
  }
  assert.equal(tries, 5);
  assert.deepEqual(numbersOf(batches.next()), [2]);
});

test('a small update is never given up: it is the connection that failed', () => {
  const { batches } = setUp(item(1, 4095));
  for (let failures = 0; failures < 20; failures++) {
    const alone = batches.next();
    assert.equal(alone.items.length, 1);
    assert.equal(batches.failed(alone), false);
  }
});

test('whatever fails: of every run each update is settled once, in order, and only what never passes is given up', () => {
  const updates = fc.array(fc.record({ run: fc.nat(3), bytes: fc.integer({ min: 1, max: 300_000 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(updates, fc.integer({ min: 4096, max: 600_000 }), (all, limit) => {
      const items = all.map(({ run, bytes }, i) => item(i, bytes, `r${run}`));
      const { batches } = setUp(...items);
      const settled: Item[] = [];
      const givenUp: Item[] = [];
      for (let batch = batches.next(); batch.items.length > 0; batch = batches.next()) {
        const bytes = batch.items.reduce((sum, one) => sum + one.bytes, 0);
        assert.ok(bytes <= MAX_BYTES || batch.items.length === 1);
        if (bytes <= limit) {
          settled.push(...batch.items);
          batches.answered(batch, []);
        } else if (batches.failed(batch)) givenUp.push(...batch.items);
      }
      assert.equal(batches.size, 0);
      assert.deepEqual(new Set(givenUp), new Set(items.filter(({ bytes }) => bytes > limit)));
      for (const run of ['r0', 'r1', 'r2', 'r3'])
        assert.deepEqual(
          settled.filter(({ runId }) => runId === run),
          items.filter(({ runId, bytes }) => runId === run && bytes <= limit),
        );
    }),
  );
});

test('a trial that is postponed lets other runs go first, and then the other trials', () => {
  const { batches, numbersOf, succeed, waiting } = setUp(item(1, 1, 'a'));
  const fail = () => {
    const alone = batches.next();
    assert.equal(alone.items.length, 1);
    assert.equal(batches.failed(alone), false);
  };
  fail();
  waiting.push(item(2, 1, 'b'));
  fail();
  waiting.push(item(3, 1, 'c'));
  succeed(batches.next());
  const trial = batches.next();
  assert.deepEqual([numbersOf(trial), trial.isTrial], [[1], true]);
  waiting.push(item(4, 1, 'c'));
  if (trial.items[0]) batches.postpone(trial.items[0]);
  const others = batches.next();
  assert.deepEqual([numbersOf(others), others.isTrial], [[4], false]);
  succeed(others);
  assert.deepEqual(numbersOf(batches.next()), [2]);
});
