// The estimate: right when the rate is steady, silent when it isn't, and never up and down in turns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noEstimate, observe, remainingMs, settleMs, spokenMs } from '../../src/element/estimate.ts';

/** What is shown after each step of `stepMs`, with the rate off by up to `noise` each time. */
function shownAlong(rates: readonly number[], stepMs: number, perStep: number): (number | null)[] {
  let estimate = noEstimate;
  let shown: number | null = null;
  let progress = 0;
  return rates.map((rate, index) => {
    progress = Math.min(0.999, progress + perStep * rate);
    estimate = observe(estimate, index * stepMs, progress);
    shown = settleMs(shown, remainingMs(estimate, index * stepMs));
    return shown;
  });
}

test('a steady run is estimated within a fifth, after a while', () => {
  const shown = shownAlong(Array(90).fill(1), 5_000, 0.01);
  assert.deepEqual(shown.slice(0, 2), [null, null]);
  assert.ok(Math.abs((shown[30] ?? 0) - 69 * 5_000) < 69_000, String(shown[30]));
  assert.ok((shown[85] ?? 0) <= 80_000);
});

test('with a rate that wavers by a third, it falls and never rises', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.7, max: 1.3, noNaN: true }), { minLength: 40, maxLength: 70 }),
      (rates) => {
        const shown = shownAlong(rates, 5_000, 0.01).filter((value) => value !== null);
        for (const [index, value] of shown.entries()) assert.ok(value <= (shown[index - 1] ?? value));
      },
    ),
  );
});

test('it says nothing after a restart, after a long silence, and at the end', () => {
  let estimate = noEstimate;
  for (let n = 0; n < 20; n++) estimate = observe(estimate, n * 5_000, n / 30);
  const now = 19 * 5_000;
  assert.notEqual(remainingMs(estimate, now), null);
  assert.equal(remainingMs(estimate, now + 61_000), null);
  assert.equal(remainingMs(observe(estimate, now + 1_000, 0.05), now + 1_000), null);
  assert.equal(remainingMs(observe(estimate, now + 1_000, 1), now + 1_000), null);
});

test('it is rounded as people speak', () => {
  const table: [seconds: number, spoken: number][] = [
    [3, 0],
    [12, 10],
    [48, 50],
    [58, 60],
    [100, 120],
    [167, 180],
    [560, 540],
    [700, 600],
    [1_000, 900],
    [4_000, 3_600],
    [9_500, 9_000],
  ];
  for (const [seconds, spoken] of table)
    assert.equal(spokenMs(seconds * 1_000), spoken * 1_000, `${seconds} s`);
});
