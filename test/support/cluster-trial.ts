// Failovers in a cluster, amid updates.
import type { TestContext } from 'node:test';
import { type RedisCluster, startCluster } from './cluster.ts';
import { tryFailover } from './failover-trial.ts';
import { readHistory } from './history-list.ts';

/** Runs on all three masters. */
export const RUNS = ['하나', 'two', 'three', 'four', 'five', 'six'];

export async function tryCluster(
  t: TestContext,
  failOver: (cluster: RedisCluster) => Promise<void>,
  options: { seed: number; updates: number },
) {
  const cluster = await startCluster();
  t.after(cluster.stop);
  await tryFailover(t, {
    ...options,
    url: cluster.urlOfAll,
    publishRaw: (message) => cluster.client.publish('autoshorts:progress', message),
    failOver: () => failOver(cluster),
    readHistory: (runId) => readHistory(cluster.client, runId),
    runs: RUNS,
  });
}

/** The master that has this key. */
export function killMasterOf(key: string) {
  return async (cluster: RedisCluster) => {
    const old = await cluster.masterOf(key);
    await old.kill();
    await cluster.untilReplaced(old);
  };
}
