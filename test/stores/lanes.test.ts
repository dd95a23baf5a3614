// Which updates wait for each other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLanes } from '../../src/stores/lanes.ts';

function setUp() {
  const nodes = new Map<string, string>();
  let count = 0;
  return {
    nodes,
    lanes: createLanes(
      (runId) => nodes.get(runId) ?? '',
      () => ++count,
    ),
  };
}

test('a run whose node has changed takes another lane when nothing of it waits any more', () => {
  const { nodes, lanes } = setUp();
  nodes.set('r', 'A').set('other', 'B');
  const lane = lanes.enter('r');
  const next = lanes.enter('other');
  assert.notEqual(next, lane);
  lanes.enter('r');
  nodes.set('r', 'B');
  lanes.leave('r');
  assert.equal(lanes.enter('r'), lane, 'what waits must not be overtaken');
  lanes.leave('r');
  lanes.leave('r');
  assert.equal(lanes.enter('r'), next);
});

test('lanes in which nothing waits are forgotten when there are many', () => {
  const { nodes, lanes } = setUp();
  nodes.set('waits', 'A');
  const lane = lanes.enter('waits');
  for (let n = 0; n < 10_000; n++) {
    nodes.set('r', `node ${n}`);
    lanes.enter('r');
    lanes.leave('r');
    assert.ok(lanes.all().length <= 1000);
  }
  assert.equal(lanes.enter('waits'), lane);
});
