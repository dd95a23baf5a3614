// Cursors as they come over the wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LOST, parseCursor } from '../../src/runs/cursor.ts';

test('none, an id, or one that can not be followed', () => {
  for (const none of [undefined, null, '']) assert.equal(parseCursor(none), null);
  for (const id of [0, 1, 1763800000000012, Number.MAX_SAFE_INTEGER])
    assert.equal(parseCursor(String(id)), id);
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

test('whatever the text, it is null, lost or the id that the text spells', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.maxSafeNat().map(String)), (text) => {
      const cursor = parseCursor(text);
      assert.ok(cursor === null || cursor === LOST || String(cursor) === text);
    }),
  );
});
