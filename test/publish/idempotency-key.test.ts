// Keys within one call of the record script, where the first update and its repeat come together.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseSettings } from '../../src/runs/settings.ts';
import { createRecordScript } from '../../src/stores/record-call.ts';
import { createRecorder } from '../../src/stores/recorder.ts';
import { readHistory } from '../support/history-list.ts';
import { oneNode } from '../support/one-node.ts';
import { startRedis } from '../support/redis.ts';

const PAIR = [1, 2].map((n) => ({ runId: 'r', update: {}, name: { source: 'p', n }, key: 'k' }));

async function startRecorder(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  return { client, record: createRecorder(createRecordScript(oneNode(client), parseSettings({})), () => '') };
}

test('a repeat in the call of its first one is answered with it', async (t) => {
  const { client, record } = await startRecorder(t);
  const [first, repeat] = await record(PAIR, { wantEvents: true });
  assert.equal(first?.status, 'recorded');
  assert.deepEqual(repeat, { ...first, status: 'repeat' });
  assert.equal((await readHistory(client, 'r')).length, 1);
});

test('a repeat of what Redis refuses in the same call is refused as well', async (t) => {
  const { client, record } = await startRecorder(t);
  await client.config('SET', 'maxmemory', 1);
  const outcomes = await record(PAIR, { wantEvents: true });
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['refused', 'refused'],
  );
});
