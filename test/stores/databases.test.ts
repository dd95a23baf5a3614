// Two services on one Redis, in databases of their own.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { parseSettings } from '../../src/runs/settings.ts';
import { createRedisStore } from '../../src/stores/redis.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';

async function startStore(t: TestContext, url: string, rawChannel: string) {
  const store = createRedisStore({
    ...parseSettings({}),
    url,
    tlsInsecure: false,
    rawChannel,
    log: pino({ level: 'silent' }),
  });
  t.after(() => store.close());
  await pollUntil('a store that is ready', async () => (await store.status()).ready);
  return store;
}

test('a run is announced in its own database alone', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  for (const [one, other] of [
    [3, 6],
    [0, 1],
  ]) {
    const store = await startStore(t, `${redis.url}/${one}`, 'raw');
    const foreign = await startStore(t, `${redis.url}/${other}`, 'raw of another');
    const heard: string[] = [];
    const record = async (recorder: typeof store, log: string) => {
      const [outcome] = await recorder.record([{ runId: 'r', update: { log }, name: { source: log, n: 1 } }]);
      assert.equal(outcome?.status, 'recorded');
    };
    await store.follow('r', (entries) => heard.push(...entries.map((entry) => JSON.parse(entry).message)));
    await record(foreign, 'foreign');
    await record(store, 'own');
    await pollUntil('the own event', async () => heard.includes('own'));
    assert.deepEqual(heard, ['own'], `database ${one} beside ${other}`);
  }
});
