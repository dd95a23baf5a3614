// A program's output cut into lines, however its chunks fall.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOutputLines } from '../../src/cli/output-lines.ts';

function linesOf(chunks: readonly Buffer[]): [line: string, isOverwritten: boolean][] {
  const lines: [string, boolean][] = [];
  const output = createOutputLines((line, isOverwritten) => lines.push([line, isOverwritten]));
  for (const chunk of chunks) output.push(chunk);
  output.end();
  return lines;
}

test('lines end at \\n and \\r\\n; what a \\r ends is overwritten', () => {
  assert.deepEqual(linesOf([Buffer.from('a\nb\r\n 1%\r 2%\rlast')]), [
    ['a', false],
    ['b', false],
    [' 1%', true],
    [' 2%', true],
    ['last', false],
  ]);
});

test('colours and moves of the cursor are left out, and empty lines too', () => {
  const text = '\u001b[31mred\u001b[0m\n\u001b[2K\u001b[1G45%\n\u001b]0;title\u0007x\n\n  \n';
  assert.deepEqual(
    linesOf([Buffer.from(text)]).map(([line]) => line),
    ['red', '45%', 'x'],
  );
});

test('a line without end is cut into pieces instead of filling the memory', () => {
  const lines = linesOf(Array.from({ length: 100 }, () => Buffer.alloc(1000, 'x')));
  assert.equal(lines.map(([line]) => line).join('').length, 100_000);
  assert.ok(lines.length > 4);
});

test('chunks may fall anywhere, within a character too', () => {
  const bytes = Buffer.from('우주\r\n여행 🎉\r고양이\nend\r\n');
  const whole = linesOf([bytes]);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
      const ends = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      assert.deepEqual(linesOf(ends.slice(1).map((end, i) => bytes.subarray(ends[i], end))), whole);
    }),
  );
});
