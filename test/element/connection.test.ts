// What decides about connections: back-off, ladder and plan, all pure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMs, isFinalRefusal, parseRetryAfter } from '../../src/element/feed/backoff.ts';
import { afterAttempt, afterClimb, canClimb, startLadder } from '../../src/element/feed/ladder.ts';
import { afterRefusal, groupRuns, isCovered } from '../../src/element/feed/plan.ts';

test('the back-off is anything up to a limit that doubles, to thirty seconds', () => {
  const limits = [0, 1, 2, 3, 4, 5, 6, 20].map((failures) => backoffMs({ failures, random: 0.999999 }));
  assert.deepEqual(limits.map(Math.round), [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(backoffMs({ failures: 20, random: 0 }), 0);
});

test('it is never sooner than Retry-After, and honours retry: once', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 40 }),
      fc.nat({ max: 600_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (n, ms, random) => {
        const wait = backoffMs({ failures: n, retryAfterMs: ms, random });
        assert.ok(wait >= ms && wait <= ms + 30_000);
      },
    ),
  );
  assert.equal(backoffMs({ failures: 0, retryMs: 4_321, random: 0.5 }), 4_321);
  assert.equal(backoffMs({ failures: 1, retryMs: 4_321, random: 0.5 }), 1_000);
});

test('Retry-After is read in both forms', () => {
  const now = Date.UTC(2026, 0, 1);
  const table: [string | null, number | undefined][] = [
    ['3', 3_000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['99999999', 600_000],
    ['soon', undefined],
    ['', undefined],
    [null, undefined],
  ];
  for (const [value, ms] of table) assert.equal(parseRetryAfter(value, now), ms, String(value));
});

test('only a refusal that will be the same the next time is final', () => {
  for (const status of [400, 405, 410, 414, 422]) assert.ok(isFinalRefusal(status), String(status));
  for (const status of [200, 401, 403, 404, 408, 425, 429, 500, 502, 503])
    assert.ok(!isFinalRefusal(status), String(status));
});

test('a group that was refused asks in halves, down to single runs', () => {
  const runs = fc.uniqueArray(fc.string(), { minLength: 2 });
  fc.assert(
    fc.property(runs, (all) => {
      const parts = afterRefusal(all);
      assert.deepEqual(parts.flat(), all);
      assert.ok(parts.every((part) => part.length > 0 && part.length < all.length));
    }),
  );
  assert.deepEqual(afterRefusal(['a']), []);
});

test('three failures, or a stream that is held back, lead to the next way, round and round', () => {
  const failed = { why: 'ended' } as const;
  let ladder = startLadder();
  const ways = Array.from({ length: 7 }, () => {
    ladder = afterAttempt(ladder, failed, 0);
    return ladder.transport;
  });
  assert.deepEqual(ways, ['sse', 'sse', 'websocket', 'poll', 'sse', 'websocket', 'poll']);
  assert.equal(afterAttempt(startLadder(), { why: 'blocked' }, 0).transport, 'websocket');
  assert.equal(afterAttempt(startLadder('sse'), { why: 'blocked' }, 0).transport, 'sse');
});

test('a connection that held has no failures; one that broke at once counts', () => {
  const shaky = afterAttempt(startLadder(), { why: 'ended' }, 100);
  assert.equal(shaky.failures, 1);
  assert.equal(afterAttempt(shaky, { why: 'ended' }, 60_000).failures, 0);
});

test('climbing is tried ever more rarely, and never from the top or when forced', () => {
  let ladder = startLadder();
  const waits = Array.from({ length: 8 }, () => {
    ladder = afterClimb(ladder);
    return ladder.climbMs / 1_000;
  });
  assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300, 300]);
  assert.deepEqual([startLadder(), startLadder('poll')].map(canClimb), [false, false]);
});

test('up to three runs have a stream each; more share as few as fit into an address', () => {
  assert.deepEqual(groupRuns(['a', 'b', 'c']), [['a'], ['b'], ['c']]);
  assert.deepEqual(groupRuns(['a', 'b', 'c', 'd']), [['a', 'b', 'c', 'd']]);
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }), {
        minLength: 4,
        maxLength: 120,
      }),
      (runs) => {
        const groups = groupRuns(runs);
        assert.deepEqual(groups.flat(), runs);
        assert.ok(isCovered(groups, runs));
        for (const group of groups) {
          const size = group.map((run) => `&run=${encodeURIComponent(run)}`).join('').length;
          assert.ok(size <= 6_000 || group.length === 1);
        }
      },
    ),
  );
});
