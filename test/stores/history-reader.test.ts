// Histories are read in parts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistoryReader } from '../../src/stores/history-reader.ts';

/** A list as Redis holds it; `answered` is called between two parts. */
function setUp(list: string[], { mostBytes = Number.POSITIVE_INFINITY, answered = () => {} } = {}) {
  const parts: number[] = [];
  const read = createHistoryReader(async (_, start, stop) => {
    const part = list.slice(Math.max(list.length + start, 0), Math.max(list.length + stop + 1, 0));
    if (part.join('').length > mostBytes) throw new Error('too large');
    parts.push(part.length);
    answered();
    return part;
  });
  return { parts, read };
}

/** As the list holds it, padded. */
const entryOf = (id: number, length: number) =>
  `{"type":"progress","run_id":"r","id":${id},"message":"${'.'.repeat(length)}","record":{"started":1}}`;

const entries = (count: number, length: number) =>
  Array.from({ length: count }, (_, i) => entryOf(i + 1, length));

test('a history comes whole, whatever its length', async () => {
  for (const count of [0, 1, 15, 16, 17, 500]) {
    for (const length of [10, 5000]) {
      const list = entries(count, length);
      assert.deepEqual(await setUp(list).read('r'), list, `${count} of ${length}`);
    }
  }
});

test('a short history takes one answer, a long one of small entries two, of large ones as many as it needs', async () => {
  for (const [count, length, answers] of [
    [15, 500, 1],
    [500, 400, 2],
    [100, 20_000, 8],
  ] as const) {
    const { parts, read } = setUp(entries(count, length));
    await read('r');
    assert.equal(parts.length, answers);
  }
});

test('what is recorded meanwhile neither doubles nor hides an entry', async () => {
  const list = entries(100, 20_000);
  const before = [...list];
  let n = 0;
  const answered = () => {
    for (let more = 0; more < 3; more++) list.push(entryOf(100 + ++n, 20_000));
  };
  assert.deepEqual(await setUp(list, { answered }).read('r'), before);
});

test('what is trimmed meanwhile is missing at the old end alone', async () => {
  const list = entries(100, 20_000);
  const before = [...list];
  let n = 0;
  const answered = () => {
    list.push(entryOf(100 + ++n, 20_000), entryOf(100 + ++n, 20_000));
    list.splice(0, 2);
  };
  const got = await setUp(list, { answered }).read('r');
  assert.deepEqual(
    got.map((entry) => entry.slice(0, 50)),
    before.slice(-got.length).map((entry) => entry.slice(0, 50)),
  );
  assert.ok(got.length >= 80, `${got.length}`);
});

test('after many failures, and with more recorded meanwhile than a part holds, a history is whole', async () => {
  const list = entries(100, 20_000);
  const before = [...list];
  let n = 0;
  let failures = 0;
  const read = createHistoryReader(async (_, start, stop) => {
    if (failures++ < 40) throw new Error('the connection broke');
    const part = list.slice(Math.max(list.length + start, 0), Math.max(list.length + stop + 1, 0));
    // For a while faster than it is read.
    for (let more = 0; more < 2 && n < 150; more++) list.push(entryOf(100 + ++n, 20_000));
    return part;
  });
  for (let tries = 0; tries < 40; tries++) await assert.rejects(read('r'), /broke/);
  const got = await read('r');
  assert.deepEqual(got, [...before, ...list.slice(100, got.length)]);
});

test('after a failure the parts are smaller, until they pass', async () => {
  const list = entries(50, 10_000);
  const { read } = setUp(list, { mostBytes: 25_000 });
  for (let tries = 1; ; tries++) {
    assert.ok(tries < 30);
    try {
      assert.deepEqual(await read('r'), list);
      return;
    } catch (error) {
      assert.match(String(error), /too large/);
    }
  }
});
