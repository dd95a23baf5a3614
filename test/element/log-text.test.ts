// Log lines that were written for a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainText } from '../../src/element/log-text.ts';

const table: [what: string, written: string, shown: string][] = [
  ['colours (pip)', '\x1b[31mERROR:\x1b[0m \x1b[1;38;5;208mno space\x1b[m left', 'ERROR: no space left'],
  ['a bar (tqdm)', '\r  0%|     | 0/8\r 50%|##   | 4/8', ' 50%|##   | 4/8'],
  ['a line that ends as it will be written over (ffmpeg)', 'frame=1\rframe=2\r', 'frame=2'],
  ['erased lines', '\x1b[2K\x1b[1Gdone', 'done'],
  ['a title and a link', '\x1b]0;pip\x07see \x1b]8;;https://a.example\x1b\\here\x1b]8;;\x1b\\', 'see here'],
  ['a character set', '\x1b(Bplain', 'plain'],
  ['lines of Windows', 'one\r\ntwo\r\n', 'one\ntwo\n'],
  ['lines, the second written over', 'one\nx\rtwo', 'one\ntwo'],
  ['text with brackets', 'list[0] = {a} [2K', 'list[0] = {a} [2K'],
  ['Korean and emoji', '영상 생성 완료! 🎉', '영상 생성 완료! 🎉'],
];
for (const [what, written, shown] of table)
  test(`${what}: what a terminal would show`, () => {
    assert.equal(plainText(written), shown);
  });
