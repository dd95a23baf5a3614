// A snapshot is a JSON in parts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createHistory } from '../../src/runs/history.ts';
import { snapshotOf } from '../../src/runs/snapshot.ts';
import { eventOf } from '../support/entries.ts';

/** What a part may have that isn't one long line. */
const MAX_PART_BYTES = 32 * 1024;

function historyOf(messages: readonly string[], limit = 1000) {
  const history = createHistory(limit);
  history.merge(messages.map((message, i) => eventOf({ id: i + 1, message })));
  return history;
}

test('between its parts there may be white space, and none is longer than it has to be', () => {
  const message = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer({ min: 1, max: 8192 }).map((length) => '줄'.repeat(length)),
    fc.constantFrom('"', '\\', '[1,2', '{"a":1}', '\u2028', ','),
  );
  fc.assert(
    fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
      const { id, parts, byteLength, text } = snapshotOf('r', historyOf(messages), false);
      const snapshot = JSON.parse(text());
      assert.equal(id, messages.length);
      assert.deepEqual(
        snapshot.logs,
        messages.filter((line) => line !== ''),
      );
      assert.equal(snapshot.log_times.length, snapshot.logs.length);
      assert.deepEqual(JSON.parse(parts.join('\n')), snapshot);
      assert.equal(byteLength, Buffer.byteLength(text()));
      for (const part of parts) assert.ok(part.length <= MAX_PART_BYTES, `${part.length}`);
      assert.equal(/[\n\u2028\u2029\u0085]/.test(text()), false);
    }),
    { numRuns: 100 },
  );
});

test('what is long is encoded once, for the snapshots before and after an event', () => {
  const history = historyOf(Array.from({ length: 50 }, (_, i) => `${i} ${'x'.repeat(5000)}`));
  const before = snapshotOf('r', history, false);
  assert.ok(history.append(eventOf({ id: 51, message: 'short' })));
  const after = snapshotOf('r', history, true);
  const long = after.parts.filter(({ length }) => length > 5000);
  assert.ok(long.length >= 49);
  assert.ok(
    long.slice(1).every((part) => before.parts.includes(part)),
    'the same bytes, not equal ones',
  );
});
