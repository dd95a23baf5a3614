// More lines in a loop than the publisher keeps for a Redis that is away. This one is well: every line is announced.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRedis } from '../support/redis.ts';
import { lines } from './support/lines.ts';
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
