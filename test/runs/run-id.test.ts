// Names of runs: what is one, and when two are the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRunId } from '../../src/runs/run-id.ts';

test('1 to 256 bytes of UTF-8 without control characters', () => {
  for (const runId of [
    'a',
    '20251105_1430_우주여행고양이',
    ' ',
    '../..',
    '🎉',
    'x'.repeat(256),
    '가'.repeat(85),
  ])
    assert.deepEqual(parseRunId(runId), { runId });
  for (const value of [
    '',
    'x'.repeat(257),
    '가'.repeat(86),
    'a\n',
    '\u0000',
    '\u007f',
    '\u0085',
    1,
    null,
    undefined,
    {},
  ])
    assert.ok('problem' in parseRunId(value), JSON.stringify(value));
});

test('both spellings of Korean are the same run', () => {
  const composed = '우주여행고양이'.normalize('NFC');
  assert.notEqual(composed, composed.normalize('NFD'));
  assert.deepEqual(parseRunId(composed.normalize('NFD')), { runId: composed });
});

test('whatever is taken is in its one spelling: taken again, it stays the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const parsed = parseRunId(text);
      if ('runId' in parsed) assert.deepEqual(parseRunId(parsed.runId), parsed);
    }),
    { numRuns: 1000 },
  );
});
