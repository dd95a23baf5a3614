// A Redis behind a Unix socket, for the service and both publishers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { lines } from '../publish/support/lines.ts';
import { startNodeWorker, startPythonWorker } from '../publish/support/worker.ts';
import { startRedis } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { readSse } from '../support/sse-reader.ts';

test('unix:///path: workers record through it, and the service reads', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-socket-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'redis.sock');
  const redis = await startRedis({ args: ['--unixsocket', path] });
  t.after(redis.stop);
  const url = `unix://${path}?db=1`;
  const service = await startService({ REDIS_URL: url });
  t.after(() => service.stop());
  for (const startWorker of [startNodeWorker, startPythonWorker]) {
    const worker = await startWorker(url);
    t.after(worker.close);
    await worker.publish(startWorker.name, 0, 3);
    await worker.update(startWorker.name, { state: 'END', log: 'line 3' });
    assert.equal(await worker.flush(10_000), true);
    const reader = await readSse(service.eventsUrl(startWorker.name), { 'Last-Event-ID': '0' });
    assert.deepEqual(
      reader.progress().map(({ message }) => message),
      lines(0, 4),
    );
  }
});
