// Many processes report to one run, as the tasks of a chord do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { lines, readLines } from './support/lines.ts';
import { startPythonWorker } from './support/worker.ts';

const PROCESSES = 16;
const LINES = 60;

test('of sixteen processes on one run, whose answers are lost, every line is recorded once', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const proxy = await startTcpProxy(redis.port);
  t.after(proxy.close);
  const workers = await Promise.all(Array.from({ length: PROCESSES }, () => startPythonWorker(proxy.url)));
  t.after(() => Promise.all(workers.map((worker) => worker.close())));
  proxy.cutEvery(3);
  await Promise.all(
    workers.map(async (worker, i) => {
      // In pieces, or all would go in a few calls, and few answers could be lost.
      for (let first = i * LINES; first < (i + 1) * LINES; first += 5) {
        await worker.publish('r', first, first + 5);
        assert.equal(await worker.flush(60_000), true);
      }
    }),
  );
  assert.ok(proxy.cuts >= PROCESSES, `${proxy.cuts} answers were lost`);
  const numberOf = (line: string) => Number(line.slice('line '.length));
  const recorded = await readLines(await redis.client(), 'r');
  assert.deepEqual(
    recorded.sort((a, b) => numberOf(a) - numberOf(b)),
    lines(0, PROCESSES * LINES),
  );
});
