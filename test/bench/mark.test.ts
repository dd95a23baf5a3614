import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMarkScanner, formatMark } from '../../scripts/bench/mark.ts';

function marksIn(pieces: readonly Buffer[]): [number, number][] {
  const found: [number, number][] = [];
  const scan = createMarkScanner((sequence, sentUs) => found.push([sequence, sentUs]));
  for (const piece of pieces) scan(piece);
  return found;
}

test('marks are found wherever the bytes are cut, and whatever lies between', () => {
  const mark = fc.tuple(fc.nat(999_999), fc.nat(2 ** 31));
  const between = fc.constantFrom('', '\r\n\r\n', '#', '##00', '#12:#', '"}\n\ndata: ', '\u0081~\u0000#');
  fc.assert(
    fc.property(fc.array(fc.tuple(between, mark)), fc.integer({ min: 1, max: 30 }), (list, size) => {
      const bytes = Buffer.from(
        list.map(([text, mark]) => `${text}${formatMark(...mark)}`).join(''),
        'latin1',
      );
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      );
      assert.deepEqual(
        marksIn(pieces),
        list.map(([, mark]) => mark),
      );
    }),
  );
});
