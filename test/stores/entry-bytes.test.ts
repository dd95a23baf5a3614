// What counters and attempts cost in the history, in bytes per entry.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { parseSettings } from '../../src/runs/settings.ts';
import type { Update } from '../../src/runs/update.ts';
import { createRecordScript } from '../../src/stores/record-call.ts';
import { createRecorder } from '../../src/stores/recorder.ts';
import { oneNode } from '../support/one-node.ts';
import { startRedis } from '../support/redis.ts';

const PLAIN: Update = { state: 'RENDERING', progress: 0.5, log: 'a frame' };

async function startRecording(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const record = createRecorder(createRecordScript(oneNode(client), parseSettings({})), () => '');
  /** The entries, after these updates of one publisher. */
  return async (runId: string, updates: readonly Update[]) => {
    await record(updates.map((update, i) => ({ runId, update, name: { source: 'p', n: i + 1 } })));
    return client.lrange(`autoshorts:run:${runId}`, 0, -1);
  };
}

test('an entry without counters holds nothing of them', async (t) => {
  const entriesOf = await startRecording(t);
  const [first = '', last = ''] = await entriesOf('r', [PLAIN, PLAIN]);
  const event = '"state":"RENDERING","progress":0.5,"message":"a frame"';
  const started = /"started":(\d+)/.exec(first)?.[1];
  const head = (entry: string) => entry.slice(0, entry.indexOf('"state"'));
  assert.equal(first, `${head(first)}${event},"record":{"started":${started}}}`);
  const names = '"set":"0 0 0","epochs":"","sources":" p=2"';
  assert.equal(last, `${head(last)}${event},"record":{"started":${started},${names}}}`);
});

test('counters make an entry at most 40 bytes longer, first and last alike', async (t) => {
  const entriesOf = await startRecording(t);
  const plain = await entriesOf('plain', [PLAIN, PLAIN]);
  const { progress, ...others } = PLAIN;
  const counted: Update = { ...others, current: 500_000, total: 1_000_000 };
  const counting = await entriesOf('count', [counted, counted]);
  for (const [i, entry] of counting.entries()) {
    assert.ok(entry.includes('"progress":0.5,"current":500000,"total":1000000,'));
    assert.ok(entry.length - (plain[i]?.length ?? 0) <= 40, entry);
  }
});
