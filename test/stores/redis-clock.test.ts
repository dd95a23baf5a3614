// Redis' clock, carried forward between two looks at it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createRedisClock } from '../../src/stores/redis-clock.ts';
import { pollUntil } from '../support/poll-until.ts';

const SKEW_MS = 90_000;

/** A clock that is far from the host's. */
function setUp(t: TestContext) {
  const errors: unknown[] = [];
  const redis = { answer: async (): Promise<string[]> => timeOf(Date.now() + SKEW_MS) };
  const clock = createRedisClock({
    time: () => redis.answer(),
    onError: (error) => errors.push(error),
  });
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  return { clock, redis, errors, hostMs: Date.now() };
}

/** As TIME says it. */
function timeOf(ms: number): string[] {
  return [String(Math.floor(ms / 1000)), String((ms % 1000) * 1000)];
}

test("it is the host's until Redis has been asked, and Redis' from then on, though the host's is set back", async (t) => {
  const { clock, hostMs } = setUp(t);
  assert.equal(clock.now(), hostMs);
  await clock.ask();
  const asked = clock.now();
  assert.ok(asked >= hostMs + SKEW_MS && asked < hostMs + SKEW_MS + 10_000, `${asked - hostMs}`);
  t.mock.timers.setTime(hostMs - 120_000);
  await pollUntil('it to go on', async () => clock.now() > asked);
});

test('without an answer what was known goes on', async (t) => {
  const { clock, redis, errors, hostMs } = setUp(t);
  await clock.ask();
  redis.answer = () => Promise.reject(new Error('NOPERM'));
  await clock.ask();
  assert.equal(errors.length, 1);
  assert.ok(clock.now() >= hostMs + SKEW_MS);
});
