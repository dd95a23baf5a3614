// Numbers for `attempt`, in both languages: by the clock of Redis, and by the host's only while Redis is away.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAttempts } from '../../src/publish/attempts.ts';
import { freePort, startRedis } from '../support/redis.ts';
import { spawnPython, whenEnded } from './support/python.ts';

test('Node: attempts go up, also those taken at once and by several publishers', async () => {
  const clock = async () => 1_000;
  const [one, other] = [createAttempts(clock), createAttempts(clock)];
  const attempts = await Promise.all([one(), one(), other(), one()]);
  assert.equal(new Set(attempts).size, 4);
  assert.ok((await other()) > Math.max(...attempts));
});

test('Node: after a look in vain the clock of Redis is asked again', async () => {
  const ahead = Date.now() + 86_400_000;
  let isAway = true;
  let asked = 0;
  const newAttempt = createAttempts(async () => {
    asked++;
    if (isAway) throw new Error('no connection to Redis');
    return ahead;
  });
  assert.ok((await newAttempt()) < ahead * 1000);
  isAway = false;
  assert.ok((await newAttempt()) >= ahead * 1000);
  await newAttempt();
  assert.equal(asked, 2, 'one look counts for an hour');
});

test('Python: after a look in vain the clock of Redis is asked again', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const code = `
import os, time
import publish_progress as module
module.CLOCK_WHILE_AWAY_SECONDS = 0
time.time = lambda: 1_000_000_000
away, live = (module.Publisher(os.environ[name]) for name in ("AWAY_URL", "LIVE_URL"))
attempts = [module.new_attempt(away), module.new_attempt(away), module.new_attempt(live), module.new_attempt(live)]
assert attempts == sorted(set(attempts)), attempts
print([attempt > 1_500_000_000_000_000 for attempt in attempts])
`;
  const environment = { AWAY_URL: `redis://127.0.0.1:${await freePort()}`, LIVE_URL: redis.url };
  const { stdout, stderr } = await whenEnded(spawnPython(['-c', code], environment));
  assert.deepEqual([stdout, stderr], ['[False, False, True, True]\n', '']);
});
