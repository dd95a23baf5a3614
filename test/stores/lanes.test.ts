// Which updates wait for each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../../src/runs/store.ts';
import { createLanes } from '../../src/stores/lanes.ts';
import type { RecordScript } from '../../src/stores/record-call.ts';

const RECORDED: Outcome = { status: 'recorded' };

function setUp(call: RecordScript['call']) {
  const nodes = new Map<string, string>();
  const lanes = createLanes((runId) => nodes.get(runId) ?? '', {
    script: { call, isAnswering: async () => true },
    settle: () => {},
    onFailure: 'repeat',
  });
  const push = (runId: string) => {
    const lane = lanes.push({ runId, text: '', bytes: 1 });
    lane.sender.wake();
    return lane;
  };
  return { nodes, lanes, push };
}

test('a run whose node has changed takes another lane when nothing of it waits any more', async () => {
  const answers: (() => void)[] = [];
  const { nodes, push } = setUp(async (batch) => {
    await new Promise<void>((resolve) => answers.push(resolve));
    return { results: batch.map((item) => [item, RECORDED]), mayBeTooBig: false };
  });
  const answer = async () => {
    answers.shift()?.();
    await new Promise(setImmediate);
  };
  nodes.set('r', 'A').set('other', 'B');
  const next = push('other');
  await answer();
  const lane = push('r');
  assert.notEqual(next, lane);
  push('r');
  nodes.set('r', 'B');
  await answer();
  assert.equal(push('r'), lane, 'what waits must not be overtaken');
  await answer();
  await answer();
  assert.equal(push('r'), next);
});

test('lanes in which nothing waits are forgotten when there are many', async () => {
  const { nodes, lanes, push } = setUp(async (batch) => {
    if (batch[0]?.runId === 'waits') await new Promise(() => {});
    return { results: batch.map((item) => [item, RECORDED]), mayBeTooBig: false };
  });
  nodes.set('waits', 'A');
  const lane = push('waits');
  for (let n = 0; n < 10_000; n++) {
    nodes.set('r', `node ${n}`);
    await push('r').sender.whenEmpty();
    assert.ok(lanes.senders().length <= 1000);
  }
  assert.equal(push('waits'), lane);
});
