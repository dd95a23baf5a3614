import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median } from '../../scripts/bench/report.ts';
import { createTally } from '../../scripts/bench/tally.ts';

function tallyOf(sequences: readonly number[]) {
  const tally = createTally({ readers: 1, updates: 3, first: 1 });
  for (const sequence of sequences) tally.record(0, sequence, 0, 1000);
  const { delivered, missing, doubled, outOfOrder } = tally;
  return { delivered, missing, doubled, outOfOrder };
}

test('each fault of a delivery is told from the others', () => {
  const cases: [number[], ReturnType<typeof tallyOf>][] = [
    [[1, 2, 3], { delivered: 3, missing: 0, doubled: 0, outOfOrder: 0 }],
    [[1, 3], { delivered: 2, missing: 1, doubled: 0, outOfOrder: 0 }],
    [[1, 2, 2, 3, 1], { delivered: 3, missing: 0, doubled: 2, outOfOrder: 0 }],
    [[1, 3, 2], { delivered: 3, missing: 0, doubled: 0, outOfOrder: 1 }],
    // Before the cursor.
    [[0, 1, 2, 3], { delivered: 3, missing: 0, doubled: 1, outOfOrder: 0 }],
    [[], { delivered: 0, missing: 3, doubled: 0, outOfOrder: 0 }],
  ];
  for (const [sequences, expected] of cases)
    assert.deepEqual(tallyOf(sequences), expected, String(sequences));
});

test('readers are tallied apart, and latencies over all', () => {
  const tally = createTally({ readers: 2, updates: 50 });
  for (let update = 0; update < 50; update++) {
    tally.record(0, update, 0, 1000 * (update + 1));
    tally.record(1, update, 0, 1000 * (update + 51));
  }
  assert.equal(tally.missing, 0);
  assert.equal(tally.latencyMs(0), 1);
  assert.equal(tally.latencyMs(0.5), 51);
  assert.equal(tally.latencyMs(0.99), 100);
  assert.equal(createTally({ readers: 1, updates: 1 }).latencyMs(0.5), null);
});

test('the median of an even number is between the middle two', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([]), null);
});
