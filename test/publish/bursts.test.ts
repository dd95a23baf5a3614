// More lines in a loop than the publisher keeps for a Redis that is away. This one is well: every line is announced, in batches
// of bounded size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { lines } from './support/lines.ts';
import { startPythonTrial } from './support/python-trial.ts';
import { startPythonWorker } from './support/worker.ts';

const PATIENCE_MS = 60_000;
const WORKERS = { Python: startPythonWorker };

for (const [language, startWorker] of Object.entries(WORKERS))
  for (const count of [1001, 5000, 50_000])
    test(`a burst of ${count} lines from ${language} is announced whole`, async (t) => {
      const redis = await startRedis();
      t.after(redis.stop);
      const subscriber = await redis.client();
      await subscriber.subscribe('autoshorts:run:r');
      const heard: string[] = [];
      const isOver = new Promise<void>((resolve) => {
        subscriber.on('message', (_, entries: string) => {
          for (const entry of entries.split('\n')) heard.push(JSON.parse(entry).message);
          if (heard.at(-1) === '') resolve();
        });
      });
      const worker = await startWorker(redis.url, { historyLimit: 500 });
      t.after(worker.close);
      await worker.publish('r', 0, count);
      await worker.update('r', { state: 'END' });
      await worker.flush(PATIENCE_MS);
      await isOver;
      assert.deepEqual(heard, [...lines(0, count), '']);
      assert.deepEqual(worker.warnings(), []);
    });

test('a batch for Redis is limited by its bytes, whatever characters it has', async (t) => {
  const trial = await startPythonTrial(t);
  await trial.runWell(`
from publish_progress import BATCH_BYTES, Publisher, _log
publisher = Publisher()
for _ in range(20):
    publisher._inbox.append(("run", {"log": _log("\u6620" * 8000), "receipt": []}))
batch = publisher._next_batch()
assert len(batch) == BATCH_BYTES // (3 * 8000 + 2), len(batch)
publisher._sent.clear()
publisher._backlog.take(20)
`);
});
