// The property that holds a store to the record rule: it makes the same entries as the rule itself, whatever comes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { jsonText } from '../../src/runs/json-text.ts';
import { type Recording, recordUpdate } from '../../src/runs/record.ts';
import type { HistoryOptions } from '../../src/runs/settings.ts';
import type { Outcome } from '../../src/runs/store.ts';
import type { Update } from '../../src/runs/update.ts';
import { type ContractSubject, farEpoch } from './contract-subject.ts';

export function recordRuleProperty(
  { store }: ContractSubject,
  options: HistoryOptions,
  newestEpoch: () => Promise<number>,
) {
  test('any sequence of updates makes the entries that the record rule says', async () => {
    let run = 0;
    const epoch = await newestEpoch();
    await fc.assert(
      fc.asyncProperty(fc.array(recordingArbitrary, { minLength: 1, maxLength: 30 }), async (named) => {
        const runId = `property ${run++}`;
        const recordings = named.map(({ update, name }): Recording => ({ runId, update, name }));
        const outcomes = await store().record(recordings, { wantEntries: true });
        const expected = byTheRule(recordings, epoch, options);
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          expected.map(({ status }) => status),
        );
        const clean = (outcome: Outcome) => ('entry' in outcome ? withoutTimes(outcome.entry ?? '') : null);
        assert.deepEqual(outcomes.map(clean), expected.map(clean));
      }),
      { numRuns: 150 },
    );
  });
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const recordingArbitrary = fc.record({
  name: fc.oneof(
    fc.record({ source: fc.constantFrom('pub1', 'pub2', 'h-x_9'), n: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      source: fc.integer({ min: 1, max: 12 }).map(farEpoch),
      n: fc.integer({ min: 1, max: 12 }),
    }),
  ),
  update: fc.record(
    {
      state: fc.oneof(
        fc.constantFrom('END', 'FAILED', '완료', 'A', 'B', 'END,'),
        text.filter((s) => s !== ''),
      ),
      progress: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0),
      log: fc.oneof(text, fc.constantFrom('"', '\\', '\u2028', ',"record":{', '"}}', '%', '%d', '\ud7ff')),
      data: fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })) as fc.Arbitrary<NonNullable<Update['data']>>,
    },
    { requiredKeys: [] },
  ),
});

function byTheRule(
  recordings: readonly Recording[],
  newestEpoch: number,
  { terminalStates }: HistoryOptions,
): Outcome[] {
  const terminal = new Set(terminalStates.map(jsonText));
  let last: string | null = null;
  return recordings.map((recording): Outcome => {
    const context = {
      clockMicros: 1_000_000,
      newestEpoch,
      isTerminal: (state: string) => terminal.has(state),
    };
    const recorded = recordUpdate(last, recording, context);
    if (typeof recorded === 'string') return { status: recorded };
    last = recorded.entry;
    return { status: 'recorded', entry: last };
  });
}

/** Ids and times depend on the clock. */
function withoutTimes(entry: string): string {
  return entry
    .replace(/"id":\d+,"ts":\d+/, '"id":0,"ts":0')
    .replace(/"record":\{"started":\d+,(?=[^{}]*\}\}$)/, '"record":{"started":0,');
}
