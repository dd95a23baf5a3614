// Columns of a terminal: padding and cutting where characters are wider than one, or narrower.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnsOf, cutColumns, padColumns } from '../../src/delivery/columns.ts';

const widths: [text: string, columns: number][] = [
  ['', 0],
  ['abc', 3],
  ['우주여행', 8],
  ['우주'.normalize('NFD'), 4],
  ['ｶﾀｶﾅ', 4],
  ['カタカナ', 8],
  ['中文', 4],
  ['🎉', 2],
  ['👩‍👩‍👧', 2],
  ['👍🏽', 2],
  ['🇰🇷', 2],
  ['❤️', 2],
  ['❤', 1],
  ['e\u0301', 1],
  ['\u200b', 0],
  ['█░·…—', 5],
];
for (const [text, columns] of widths)
  test(`${JSON.stringify(text)} takes ${columns} columns`, () => assert.equal(columnsOf(text), columns));

test('padding fills to the column, and leaves what is longer', () => {
  assert.equal(padColumns('우주', 6), '우주  ');
  assert.equal(padColumns('우주여행', 6), '우주여행');
});

test('cutting never splits a character, and says that it cut', () => {
  assert.equal(cutColumns('우주여행', 8), '우주여행');
  assert.equal(cutColumns('우주여행', 7), '우주여…');
  assert.equal(cutColumns('우주여행', 6), '우주…');
  assert.equal(cutColumns('👩‍👩‍👧👩‍👩‍👧', 3), '👩‍👩‍👧…');
  assert.equal(cutColumns('abc', 1), '…');
  assert.equal(cutColumns('abc', 0), '');
});

test('what is cut fits, for any text and any width', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, columns) => {
      const cut = cutColumns(text, columns);
      assert.ok(columnsOf(cut) <= columns, JSON.stringify(cut));
      assert.equal(cut === text, columnsOf(text) <= columns || text === '');
    }),
  );
});
