// The capped log in memory: what it says to a cursor, and what it makes of a list from the store.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseEntry, type RunEvent } from '../../src/runs/event.ts';
import { createHistory, type History } from '../../src/runs/history.ts';

function eventOf(id: number, message = ''): RunEvent {
  const event = parseEntry(
    `{"type":"progress","run_id":"r","id":${id},"ts":1,"state":null,"progress":null,"message":"${message}","record":{"started":1,"set":"0 0 0","epochs":"","sources":""}}`,
  );
  assert.ok(event);
  return event;
}

function range(first: number, last: number, message = ''): RunEvent[] {
  return Array.from({ length: last - first + 1 }, (_, i) => eventOf(first + i, message));
}

const idsOf = (events: readonly RunEvent[] | null) => events?.map(({ id }) => id) ?? null;

function historyOf(first: number, last: number, limit = 10): History {
  const history = createHistory(limit);
  history.merge(range(first, last));
  return history;
}

test('it goes on by one, and by nothing else', () => {
  const history = historyOf(100, 102);
  for (const id of [99, 100, 102, 104, 0]) assert.equal(history.append(eventOf(id)), false, String(id));
  assert.equal(history.append(eventOf(103)), true);
  assert.deepEqual([history.firstId, history.lastId], [100, 103]);
  const empty = createHistory(10);
  assert.equal(empty.append(eventOf(2)), false, 'only the store knows what came before it');
  assert.equal(empty.append(eventOf(1)), true, 'its list began with it');
});

test('after a cursor comes exactly the rest, or null where it can not be told', () => {
  const history = historyOf(100, 105);
  assert.deepEqual(idsOf(history.after(99)), [100, 101, 102, 103, 104, 105]);
  assert.deepEqual(idsOf(history.after(103)), [104, 105]);
  assert.deepEqual(idsOf(history.after(105)), []);
  for (const lost of [98, 106, 1, 0]) assert.equal(history.after(lost), null, String(lost));
  const empty = createHistory(10);
  for (const lost of [0, 1, 100]) assert.equal(empty.after(lost), null, String(lost));
});

test('it holds an event if it is the same to the byte', () => {
  const history = historyOf(5, 8);
  assert.equal(history.holds(eventOf(6)), true);
  assert.equal(history.holds(eventOf(6, 'other')), false);
  assert.equal(history.holds(eventOf(9)), false);
  assert.equal(history.holds(eventOf(4)), false);
});

test('a list that goes on from here keeps the meaning of cursors; one that does not is a loss', () => {
  const cases: [string, RunEvent[], 'same' | 'lost', number[]][] = [
    ['the same list', range(100, 105), 'same', [100, 101, 102, 103, 104, 105]],
    ['more', range(100, 108), 'same', [100, 101, 102, 103, 104, 105, 106, 107, 108]],
    ['trimmed meanwhile', range(104, 107), 'same', [100, 101, 102, 103, 104, 105, 106, 107]],
    ['equal end, shorter', range(105, 105), 'same', [100, 101, 102, 103, 104, 105]],
    ['gone far ahead', range(200, 203), 'same', [200, 201, 202, 203]],
    ['ends below', range(100, 103), 'lost', [100, 101, 102, 103]],
    ['empty', [], 'lost', []],
    [
      'another under the last id',
      [...range(100, 104), eventOf(105, 'other')],
      'lost',
      [100, 101, 102, 103, 104, 105],
    ],
    ['another under the last id, and more', range(103, 107, 'other'), 'lost', [103, 104, 105, 106, 107]],
    ['a hole in it', [...range(100, 101), ...range(104, 106)], 'same', [100, 101, 102, 103, 104, 105, 106]],
  ];
  for (const [name, list, continuity, ids] of cases) {
    const history = historyOf(100, 105);
    assert.equal(history.merge(list), continuity, name);
    assert.deepEqual(idsOf(history.events), ids, name);
  }
  assert.equal(createHistory(5).merge(range(1, 9)), 'same');
});

test('whatever happens to it: it is dense, capped, and what follows a cursor follows it', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('append' as const), skip: fc.constantFrom(0, 0, 0, 0, 1, 5) }),
    fc.record({
      kind: fc.constant('merge' as const),
      first: fc.nat(40),
      length: fc.nat(15),
      text: fc.constantFrom('', 'x'),
    }),
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.array(step, { maxLength: 30 }),
      fc.nat(60),
      (limit, steps, cursor) => {
        const history = createHistory(limit);
        for (const one of steps) {
          if (one.kind === 'append') history.append(eventOf(history.lastId + 1 + one.skip));
          else history.merge(range(1 + one.first, one.first + one.length, one.text));
          const ids = idsOf(history.events) ?? [];
          assert.ok(ids.length <= limit);
          assert.ok(ids.every((id, i) => id === (ids[0] ?? 0) + i));
          const rest = history.after(cursor);
          const isKnown = ids.length > 0 && cursor >= (ids[0] ?? 0) - 1 && cursor <= (ids.at(-1) ?? 0);
          const expected = isKnown ? ids.filter((id) => id > cursor) : null;
          assert.deepEqual(idsOf(rest), expected);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
