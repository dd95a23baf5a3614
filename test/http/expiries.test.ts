import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExpiries } from '../../src/http/expiries.ts';

test('what is due is called once, in the second after its time; what was taken back is not', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000_000 });
  const expiries = createExpiries();
  t.after(() => expiries.close());
  const called: string[] = [];
  expiries.add(1_000_001_500, () => called.push('a'));
  expiries.add(1_000_003_000, () => called.push('b'));
  const takeBack = expiries.add(1_000_003_000, () => called.push('c'));
  t.mock.timers.tick(1000);
  assert.deepEqual(called, []);
  t.mock.timers.tick(1000);
  assert.deepEqual(called, ['a']);
  takeBack();
  t.mock.timers.tick(10_000);
  assert.deepEqual(called, ['a', 'b']);
});

test('after a sleep of the machine all that is due goes at once', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: 1_000_000_000 });
  const expiries = createExpiries();
  t.after(() => expiries.close());
  const called: number[] = [];
  for (let i = 0; i < 100; i++) expiries.add(1_000_000_000 + i * 1000, () => called.push(i));
  t.mock.timers.setTime(1_000_200_000);
  t.mock.timers.tick(1000);
  assert.equal(called.length, 100);
});
