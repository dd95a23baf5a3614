// Messages made to keep the process busy. They are read in a process of its own: a test that hangs could not say so.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { MAX_RAW_BYTES, parseMessage } from '../../src/runs/message.ts';

const run = promisify(execFile);

/** Text as long as the longest message that is read: what is quadratic takes hours, what is linear milliseconds. */
const HOSTILE: [string, string][] = [
  ['escaped quotes in a string without an end', `'"' + '\\\\"'.repeat(length / 2)`],
  ['escaped quotes behind strings', `'"""' + '\\\\"'.repeat(length / 2)`],
  ['quotes and backslashes', `'"\\\\'.repeat(length / 2)`],
  ['a string without an end', `'"' + 'x'.repeat(length)`],
  ['backslashes', `'"' + '\\\\'.repeat(length + 1)`],
  ['minus signs', `'-'.repeat(length)`],
  ['almost NaN', `'-NaNa'.repeat(length / 5)`],
  ['NaN in a string without an end', `'"' + 'NaN '.repeat(length / 4)`],
  ['brackets', `'['.repeat(length)`],
];
const DEADLINE_MS = 60_000;

for (const [name, text] of HOSTILE)
  test(`${name}: found to be no JSON in a time that grows with the length`, async () => {
    const program = `
      import { parseTolerantJson } from './src/runs/message.ts';
      const length = ${MAX_RAW_BYTES};
      console.log(String(parseTolerantJson(${text})));`;
    const { stdout } = await run(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { timeout: DEADLINE_MS, killSignal: 'SIGKILL' },
    );
    assert.equal(stdout, 'undefined\n');
  });

test('NaN is read outside of strings, and left alone inside, also behind escaped quotes', () => {
  const message = parseMessage('{"run_id":"r","progress":NaN,"log":"a \\"NaN\\" \\\\","state":-Infinity}');
  assert.ok(message.ok);
  assert.equal(message.update.log, 'a "NaN" \\');
  assert.deepEqual(
    message.bad.map(({ field }) => field),
    ['state', 'progress'],
  );
});
