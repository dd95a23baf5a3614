// Half a minute of the soak. `npm run soak` goes on for longer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soak } from './soak/soak.ts';
import { chooseSeed } from './support/random.ts';

const SECONDS = 30;

test('half a minute of workers, servers, viewers and random faults: nothing is lost, doubled or left open', async (t) => {
  const seed = chooseSeed();
  t.diagnostic(`SEED=${seed}, or npm run soak -- --seconds ${SECONDS} --seed ${seed}`);
  const { violations, summary } = await soak({ seed, seconds: SECONDS, print: (line) => t.diagnostic(line) });
  for (const line of summary) t.diagnostic(line);
  assert.deepEqual(violations, []);
});
