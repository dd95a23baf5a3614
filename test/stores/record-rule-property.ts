// The property that holds a store to the record rule: whatever comes, it makes the events that the model makes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Name, Recording } from '../../src/runs/recording.ts';
import type { HistoryOptions } from '../../src/runs/settings.ts';
import type { Outcome } from '../../src/runs/store.ts';
import type { Update } from '../../src/runs/update.ts';
import { type ContractSubject, farEpoch } from './contract-subject.ts';
import { createRecordModel, type ModelEvent, type ModelOutcome } from './record-model.ts';

/** `names`: of several sources and epochs, with repeats and late ones; or of one source, each once, in order. */
export function recordRuleProperty(
  { store }: ContractSubject,
  { terminalStates, historyLimit }: HistoryOptions,
  names: 'any' | 'one source',
) {
  test('any sequence of updates, however they are batched, makes the events that the record rule says', async () => {
    let run = 0;
    const one = fc.record({ update: updateArbitrary, name: nameArbitrary, key: keyArbitrary });
    const batches = fc.array(fc.array(one, { minLength: 1, maxLength: 15 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batches, async (given) => {
        const runId = `property ${names} ${run++}`;
        const model = createRecordModel(terminalStates);
        let n = 0;
        for (const batch of given) {
          const recordings = batch.map(({ update, name, key }): Recording => {
            const source = { source: 'one', n: ++n };
            return {
              runId,
              update,
              name: names === 'any' ? name : source,
              // While the history holds all: what it has dropped is no repeat any more.
              ...(key !== undefined && n <= historyLimit && { key }),
            };
          });
          const outcomes = await store().record(recordings, { wantEvents: true });
          const expected = recordings.map(model.record);
          assertAlike(outcomes, expected);
        }
      }),
      { numRuns: 150 },
    );
  });
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const thousandths = fc.integer({ min: 1, max: 5_000_000 }).map((value) => value / 1000);
const othersArbitrary = fc.record(
  {
    state: fc.oneof(
      fc.constantFrom('END', 'FAILED', '완료', 'A', 'B', 'END,'),
      text.filter((s) => s !== ''),
    ),
    log: fc.oneof(text, fc.constantFrom('"', '\\', '\u2028', ',"record":{', '"}}', '%', '%d', '\ud7ff')),
    data: fc.dictionary(text, fc.jsonValue({ maxDepth: 3 })) as fc.Arbitrary<NonNullable<Update['data']>>,
    attempt: fc.nat(3),
  },
  { requiredKeys: [] },
);
const progressArbitrary: fc.Arbitrary<Update> = fc.oneof(
  fc.constant({}),
  fc.record({ progress: fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0) }),
  fc.record({ current: fc.oneof(fc.constant(0), thousandths), total: thousandths }, { requiredKeys: [] }),
  fc.record({ advance: thousandths, total: thousandths }, { requiredKeys: [] }),
  fc.constantFrom({ advance: 0.1 }, { advance: 1 }),
);
const updateArbitrary = fc
  .tuple(othersArbitrary, progressArbitrary)
  .map(([others, progress]): Update => ({ ...others, ...progress }));
const nameArbitrary: fc.Arbitrary<Name> = fc.record({
  source: fc.oneof(fc.constantFrom('pub1', 'pub2', 'h-x_9'), fc.integer({ min: 1, max: 12 }).map(farEpoch)),
  n: fc.integer({ min: 1, max: 12 }),
});
const keyArbitrary = fc.option(fc.constantFrom('a', '"}}', 'b c'), { nil: undefined, freq: 8 });

/** Quotients may differ in their last digits. */
function assertAlike(outcomes: readonly Outcome[], expected: readonly ModelOutcome[]) {
  const rest = ({ status, event }: Comparable) => ({ status, event: event && { ...event, progress: null } });
  assert.deepEqual(outcomes.map(comparable).map(rest), expected.map(comparable).map(rest));
  for (const [i, outcome] of outcomes.entries()) {
    const progress = comparable(outcome).event?.progress ?? -1;
    const wanted = comparable(expected[i] ?? outcome).event?.progress ?? -1;
    assert.ok(Math.abs(progress - wanted) < 1e-14, `${progress}, not ${wanted}`);
  }
}

interface Comparable {
  status: string;
  event: ModelEvent | null;
}

/** Without what depends on the clock. */
function comparable(outcome: Outcome | ModelOutcome): Comparable {
  const given = 'event' in outcome ? outcome.event : undefined;
  const event = typeof given === 'string' ? withoutTimes(given) : JSON.parse(JSON.stringify(given ?? null));
  return { status: outcome.status, event };
}

function withoutTimes(json: string): ModelEvent {
  const { type, run_id, id, ts, ...event } = JSON.parse(json);
  assert.equal(type, 'progress');
  assert.ok(Number.isSafeInteger(id) && Number.isSafeInteger(ts) && typeof run_id === 'string');
  return event;
}
