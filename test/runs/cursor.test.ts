// Cursors as they come over the wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cursorAfter, LOST, parseCursor, SNAPSHOT, START } from '../../src/runs/cursor.ts';

test('none, an id, or one that can not be followed', () => {
  for (const none of [undefined, null, '', 'undefined', 'null']) assert.equal(parseCursor(none), SNAPSHOT);
  assert.equal(parseCursor('0'), START);
  for (const id of [1, 1763800000000012, Number.MAX_SAFE_INTEGER])
    assert.deepEqual(parseCursor(String(id)), { at: 'event', id });
  for (const text of [
    '-1',
    '1.0',
    '01',
    '00',
    '+1',
    '1e3',
    '0x1',
    ' 1',
    '1 ',
    '1, 2',
    '1,2',
    '１',
    '9007199254740992',
    '10000000000000000',
    'abc',
    '\n',
  ])
    assert.equal(parseCursor(text), LOST, text);
});

test('whatever the text, it is none, lost or the id that the text spells', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.maxSafeNat().map(String)), (text) => {
      const cursor = parseCursor(text);
      if (cursor === SNAPSHOT || cursor === LOST) return;
      assert.deepEqual(cursor, cursorAfter(Number(text)));
      assert.equal(String(Number(text)), text);
    }),
  );
});
