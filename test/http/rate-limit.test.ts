import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimit } from '../../src/http/rate-limit.ts';

function limitAt(perSecond: number) {
  const clock = { ms: 0 };
  return { clock, limit: createRateLimit(perSecond, () => clock.ms) };
}

test('a client may publish so many updates a second, and no other pays for it', () => {
  const { clock, limit } = limitAt(10);
  for (let i = 0; i < 10; i++) assert.equal(limit.take('a', 1), 0);
  assert.equal(limit.take('a', 1), 1);
  assert.equal(limit.take('b', 10), 0);
  clock.ms += 500;
  assert.equal(limit.take('a', 5), 0);
  assert.equal(limit.take('a', 1), 1);
});

test('a batch of more than a second is worth waits for a full bucket, and is paid off', () => {
  const { clock, limit } = limitAt(10);
  assert.equal(limit.take('a', 1), 0);
  assert.equal(limit.take('a', 100), 1);
  clock.ms += 1000;
  assert.equal(limit.take('a', 100), 0);
  assert.equal(limit.take('a', 1), 10);
});

test('without a limit everything passes', () => {
  const { limit } = limitAt(Number.POSITIVE_INFINITY);
  assert.equal(limit.take('a', 1e9), 0);
});
