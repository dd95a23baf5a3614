// Whose word counts, while the nodes of a cluster say different things.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createViews } from '../../src/stores/cluster-views.ts';

const place = (id: string, ...slots: [number, number][]) => ({ at: { host: id, port: 6379 }, id, slots });
const OTHER = place('other', [8192, 16_383]);
const before = [place('old', [0, 8191]), OTHER];
const after = [place('new', [0, 8191]), OTHER];
const between = [OTHER];

function setUp() {
  let ms = 0;
  const views = createViews(() => ms);
  return {
    hear: (...said: [number, typeof before][]) =>
      views.newestOf(said.map(([epoch, places]) => ({ epoch, places })))?.places,
    wait: (time: number) => {
      ms += time;
    },
  };
}

test('a new master is believed at once, and who still names the old one no more', () => {
  const { hear } = setUp();
  assert.equal(hear([1, before]), before);
  // All know of the election before it is decided.
  assert.equal(hear([2, before], [2, after]), after);
  assert.equal(hear([2, before]), after);
  assert.equal(hear([2, before], [1, before]), after);
  assert.equal(hear([2, after], [2, before]), after);
});

test('a node that has slots of nobody is not believed while it may learn whose they are', () => {
  const { hear, wait } = setUp();
  hear([1, before]);
  assert.equal(hear([2, between]), before);
  assert.equal(hear([2, between], [2, after]), after);
  assert.equal(hear([2, between]), after);
  wait(2999);
  assert.equal(hear([2, between]), after);
  assert.equal(hear([2, after]), after);
  // Now it may learn again.
  assert.equal(hear([2, between]), after);
  wait(3000);
  assert.equal(hear([2, between]), between);
});

test('a slot comes back to a node with a newer epoch', () => {
  const { hear } = setUp();
  hear([1, before]);
  hear([2, after]);
  assert.equal(hear([3, before]), before);
  assert.equal(hear([3, after]), before);
  assert.equal(hear([4, after]), after);
});

test('a node that is two failovers behind is not believed where another says more', () => {
  const { hear } = setUp();
  hear([1, before]);
  hear([2, after]);
  const last = [after[0] ?? OTHER, place('next', [8192, 16_383])];
  assert.equal(hear([3, before], [3, last]), last);
  // Nor for long where it alone is asked.
  const alone = setUp();
  alone.hear([1, before]);
  alone.hear([2, after]);
  alone.hear([3, before]);
  assert.equal(alone.hear([3, last]), last);
});

test('another cluster at the same addresses is believed in the end', () => {
  const { hear, wait } = setUp();
  hear([9, before]);
  assert.equal(hear([1, after]), before);
  wait(3000);
  assert.equal(hear([1, after]), after);
  assert.equal(hear([1, after]), after);
});

test('at the start the newest view counts, and of those the one that knows most', () => {
  assert.equal(setUp().hear([1, before], [2, between], [2, after]), after);
  assert.equal(setUp().hear(), undefined);
});
