// A real RQ worker, each of whose jobs has a process of its own that leaves by os._exit.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { startRedis } from '../support/redis.ts';
import { lines, readLines } from './support/lines.ts';
import { spawnPython, whenEnded } from './support/python.ts';

const JOBS = 5;

test('jobs of RQ have recorded all that they said, to the end, though Redis is slow or RQ tries again', async (t) => {
  const broker = await startRedis();
  t.after(broker.stop);
  const redis = await startRedis();
  t.after(redis.stop);
  const { code, stderr } = await whenEnded(
    spawnPython(['rq_jobs.py', `${JOBS}`], { BROKER_URL: broker.url, REDIS_URL: redis.url }),
  );
  assert.equal(code, 0, stderr);
  const client = await redis.client();
  for (let number = 0; number < JOBS; number++) {
    assert.deepEqual(await readLines(client, `r${number}`), lines(0, 5));
    assert.equal((await readHistory(client, `r${number}`)).at(-1)?.state, 'END');
  }
  const statesOf = async (runId: string) => (await readHistory(client, runId)).map(({ state }) => state);
  assert.deepEqual(await statesOf('second'), [null, 'A', 'A', null, 'A', 'END'], 'it goes on');
  assert.deepEqual(await statesOf('never'), [null, 'A', 'A', null, 'A', 'FAILED']);
});
