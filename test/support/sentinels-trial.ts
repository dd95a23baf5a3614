// Failovers by sentinels, amid updates.
import type { TestContext } from 'node:test';
import { tryFailover } from './failover-trial.ts';
import { readHistory } from './history-list.ts';
import { type Sentinels, startSentinels } from './sentinels.ts';

export async function trySentinels(
  t: TestContext,
  failOver: (sentinels: Sentinels) => Promise<void>,
  options: { seed: number; updates: number },
) {
  const sentinels = await startSentinels();
  t.after(sentinels.stop);
  const worker = await sentinels.worker();
  await tryFailover(t, {
    ...options,
    url: sentinels.url,
    publishRaw: (message) => worker.publish('autoshorts:progress', message),
    failOver: () => failOver(sentinels),
    readHistory: async (runId) => readHistory(await sentinels.client(), runId),
    runs: ['하나', 'two', 'three'],
  });
}

export async function killMaster(sentinels: Sentinels) {
  const old = await sentinels.master();
  await old.kill();
  await sentinels.untilReplaced(old);
}

/** The old master lives on, and takes updates for seconds, which it then forgets. */
export async function replaceMaster(sentinels: Sentinels) {
  const old = await sentinels.master();
  await sentinels.failOver();
  await sentinels.untilReplaced(old);
}
