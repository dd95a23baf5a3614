// A Python worker publishes to a cluster, and goes over to the replica of a master that dies.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lines } from '../publish/support/lines.ts';
import { startPythonWorker } from '../publish/support/worker.ts';
import { startCluster } from '../support/cluster.ts';
import { killMasterOf, RUNS } from '../support/cluster-trial.ts';
import { readHistory } from '../support/history-list.ts';
import { startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

test('what a Python worker publishes before, during and after the death of a master is recorded once, in order, and heard', async (t) => {
  const cluster = await startCluster();
  t.after(cluster.stop);
  const service = await startService({ REDIS_URL: cluster.urlOfAll });
  t.after(() => service.stop('SIGKILL'));
  const worker = await startPythonWorker(cluster.url);
  t.after(worker.close);
  const readers = await Promise.all(
    RUNS.map((runId) => openSse(service.eventsUrl(runId), { 'Last-Event-ID': '0' })),
  );
  t.after(() => {
    for (const reader of readers) reader.close();
  });
  for (const runId of RUNS) await worker.publish(runId, 0, 100);
  assert.equal(await worker.flush(60_000), true);
  // Another than the one that the worker knows from its URL.
  const key = await cluster.keyElsewhere(RUNS.map((runId) => `autoshorts:run:${runId}`));
  const killed = killMasterOf(key)(cluster);
  for (const runId of RUNS) await worker.publish(runId, 100, 200);
  await killed;
  for (const runId of RUNS) {
    await worker.publish(runId, 200, 300);
    await worker.update(runId, { state: 'END', log: 'line 300' });
  }
  assert.equal(await worker.flush(60_000), true);
  for (const [i, reader] of readers.entries()) {
    const history = await readHistory(cluster.client, RUNS[i] ?? '');
    assert.deepEqual(
      history.map(({ message }) => message),
      lines(0, 301),
    );
    assert.equal(await reader.ended, 'end');
    assert.deepEqual(
      reader.progress().map(({ message }) => message),
      lines(0, 301),
    );
  }
});
