// A service on a cluster of which masters die.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slotOf } from '../../src/stores/slots.ts';
import { startCluster } from '../support/cluster.ts';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { untilUnready } from '../support/readiness.ts';
import { startService } from '../support/service.ts';

test('however much waits for a dead master, runs of others go on, also of the slot beside', async (t) => {
  const cluster = await startCluster();
  t.after(cluster.stop);
  for (const server of cluster.servers) {
    await cluster.clientOf(server).config('SET', 'cluster-require-full-coverage', 'no');
    await cluster.clientOf(server).config('SET', 'cluster-replica-no-failover', 'yes');
  }
  // Beside each other, where the slots of the first master end and those of the second begin.
  const names = Array.from({ length: 200_000 }, (_, i) => `run ${i}`);
  const runIn = (slot: number) => names.find((runId) => slotOf(`autoshorts:run:${runId}`) === slot) ?? '';
  const runs = [runIn(5460), runIn(5461)] as const;
  const [first, second] = await Promise.all(runs.map((runId) => cluster.masterOf(`autoshorts:run:${runId}`)));
  assert.ok(first && second && first !== second);
  const home = await cluster.masterOf('autoshorts:marker');
  const [dead, living, old] = first === home ? [runs[1], runs[0], second] : [...runs, first];
  const service = await startService({ REDIS_URL: cluster.urlOfAll });
  t.after(() => service.stop('SIGKILL'));
  await old.kill();
  await untilUnready(service.url, /no connection to Redis at/);

  const lines = Array.from({ length: 2000 }, (_, i) => `line ${i}`);
  const worker = cluster.clientOf(home);
  const send = (run_id: string, log: string) =>
    worker.publish('autoshorts:progress', JSON.stringify({ run_id, log }));
  await Promise.all(lines.map((line) => send(dead, line)));
  await send(living, 'goes on');
  const livingAt = cluster.clientOf(old === first ? second : first);
  await pollUntil(
    'the run of another master',
    async () => (await readHistory(livingAt, living)).length === 1,
  );

  await old.restart();
  const restarted = cluster.clientOf(old);
  await pollUntil('the old master', async () =>
    (await restarted.cluster('INFO').catch(() => '')).includes('cluster_state:ok'),
  );
  await pollUntil(
    'what has waited',
    async () => (await readHistory(restarted, dead)).at(-1)?.message === lines.at(-1),
  );
  assert.deepEqual(
    (await readHistory(restarted, dead)).map(({ message }) => message),
    lines.slice(-500),
  );
});
