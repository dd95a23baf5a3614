// The store contract where Redis is more than one node.
import { after, before } from 'node:test';
import type { HistoryOptions } from '../../src/runs/settings.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { startCluster } from '../support/cluster.ts';
import { createKeptLog } from '../support/kept-log.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startSentinels } from '../support/sentinels.ts';
import { storeContract } from './store-contract.ts';

for (const [name, start] of [
  ['on a cluster', startCluster],
  ['on the master that sentinels name', startSentinels],
] as const) {
  let redis: { url: string; stop(): Promise<void> };
  before(async () => {
    redis = await start();
  });
  after(() => redis.stop());
  storeContract(
    name,
    async (options: HistoryOptions) => {
      const store = createRedisStore({
        ...options,
        url: redis.url,
        tlsInsecure: false,
        rawChannel: 'autoshorts:progress',
        keyPrefix: 'autoshorts',
        log: createKeptLog(),
      });
      await pollUntil('a store that is ready', async () => (await store.status()).ready);
      return store;
    },
    'any',
  );
}
