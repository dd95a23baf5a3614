// Both publishers' folding, held to the model of the record rule: what waits, folded, leaves the run as all of it would.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { fold, type Waiting } from '../../src/publish/fold.ts';
import { createRecordModel, type ModelEvent } from '../stores/record-model.ts';
import { spawnPython, whenEnded } from './support/python.ts';

const ENDS = ['END', 'FAILED'];

interface Case {
  most: number;
  updates: Waiting[];
}

const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const tenths = fc.integer({ min: 1, max: 50 }).map((value) => value / 10);
const states = fc.constantFrom('A', 'B', 'C');
const others = { log: optional(fc.constantFrom('x', 'y')), state: optional(states) };
const counting = fc.record({
  ...others,
  current: optional(tenths),
  total: optional(tenths),
  advance: optional(tenths),
});
const progressing = fc.record({ ...others, progress: optional(fc.constantFrom(0, 0.25, 1)) });
const withEnds = fc.record({
  log: others.log,
  state: optional(fc.constantFrom('A', ...ENDS)),
  attempt: optional(fc.nat(2)),
});

function cases(one: fc.Arbitrary<object>): fc.Arbitrary<Case> {
  return fc.record({
    most: fc.integer({ min: 1, max: 8 }),
    updates: fc
      .array(one, { minLength: 1, maxLength: 15 })
      .map((updates) => JSON.parse(JSON.stringify(updates))),
  });
}

/** Everything that an update may hold, in stretches of what one update can say. */
const stretches = fc
  .record({
    attempt: optional(fc.constantFrom(1, 2, 3)),
    updates: fc.oneof(
      fc.array(fc.record({ ...others, data: optional(fc.constantFrom({ a: 1 }, { b: 2 })) })),
      fc.array(counting, { minLength: 1, maxLength: 8 }),
      fc.array(progressing, { minLength: 1, maxLength: 8 }),
      fc.tuple(fc.record({ ...others, key: fc.constantFrom('k', 'l'), advance: optional(tenths) })),
      fc.tuple(fc.record({ ...others, state: fc.constantFrom(...ENDS), advance: optional(tenths) })),
    ),
  })
  .map(({ attempt, updates }): Waiting[] =>
    (updates as Waiting[]).map((update) => ({ ...update, attempt }) as Waiting),
  );

const everything: fc.Arbitrary<Case> = fc
  .tuple(fc.array(stretches, { minLength: 1, maxLength: 6 }), fc.nat(2))
  .map(([all, more]) => {
    const updates = JSON.parse(JSON.stringify(all.flat())) as Waiting[];
    return { updates, most: leastFor(updates) + more };
  });

/** So many updates are enough to say what these say: one more wherever two can't be one. */
function leastFor(updates: readonly Waiting[]): number {
  const isCounting = ({ current, total, advance }: Waiting) => (current ?? total ?? advance) !== undefined;
  let [count, state, kind] = [1, '', ''];
  for (const [i, update] of updates.entries()) {
    const before = updates[i - 1];
    if (before && (before.attempt !== update.attempt || before.key || update.key)) count++;
    const newKind = update.progress !== undefined ? 'progress' : isCounting(update) ? 'counting' : kind;
    if (kind !== '' && newKind !== kind) count++;
    if (update.state && ENDS.includes(state)) count++;
    [state, kind] = [update.state ?? state, newKind];
  }
  return count;
}

/** None of them makes it lose more than log lines. */
const lossless = fc.oneof(cases(counting), cases(progressing), everything);

const START: Waiting[] = [{ total: 7, attempt: 1 }, { advance: 0.3 }];

/** The values, and the newest data. */
function valuesAfter(updates: readonly Waiting[]): ModelEvent | null {
  const model = createRecordModel(ENDS);
  let n = 0;
  let last = null as ModelEvent | null;
  for (const { key, ...update } of [...START, ...updates]) {
    const name = { source: 'p', n: ++n };
    const outcome = model.record({ runId: 'r', update, name, ...(key !== undefined && { key }) });
    if (outcome.status === 'recorded')
      last = { ...(last?.data && { data: last.data }), ...outcome.event, message: '' };
  }
  return last;
}

function assertFolded({ most, updates }: Case, folded: readonly Waiting[]) {
  assert.ok(folded.length <= Math.max(most, 1));
  assert.deepEqual(valuesAfter(folded), valuesAfter(updates));
  // A line that went is counted in the one behind it.
  assert.equal(countLines(folded), countLines(updates));
}

test('Node: folded updates leave the run as all of them would', () => {
  fc.assert(
    fc.property(lossless, (given) => assertFolded(given, fold(given.updates, given.most, ENDS))),
    { numRuns: 1000 },
  );
});

function countLines(updates: readonly Waiting[]): number {
  const counts = updates
    .filter(({ log }) => log !== undefined)
    .map(({ log }) => 1 + Number(/^\(lines not kept: (\d+)\) /.exec(log ?? '')?.[1] ?? 0));
  return counts.reduce((sum, count) => sum + count, 0);
}

function assertNewestStays({ most, updates }: Case, folded: readonly Waiting[]) {
  assert.ok(folded.length <= Math.max(most, 1));
  const [after, whole] = [valuesAfter(folded), valuesAfter(updates)];
  const [attempt] = updates.map((update) => update.attempt ?? 1).sort((a, b) => b - a);
  assert.equal(after?.attempt, Math.max(attempt ?? 1, 1));
  if (updates.every((update) => update.attempt !== undefined)) assert.equal(after?.state, whole?.state);
}

test('Node: of attempts, and of ends, the newest is what stays', () => {
  fc.assert(
    fc.property(cases(withEnds), (given) => assertNewestStays(given, fold(given.updates, given.most, ENDS))),
    { numRuns: 1000 },
  );
});

test('Python: folded updates leave the run as all of them would', (t) => inPython(t, lossless, assertFolded));

test('Python: of attempts, and of ends, the newest is what stays', (t) =>
  inPython(t, cases(withEnds), assertNewestStays));

async function inPython(
  t: TestContext,
  given: fc.Arbitrary<Case>,
  assertRight: (one: Case, folded: readonly Waiting[]) => void,
) {
  const directory = await mkdtemp(join(tmpdir(), 'folding-'));
  t.after(() => rm(directory, { recursive: true }));
  const seed = Math.trunc(Math.random() * 2 ** 31);
  const folds = fc.sample(given, { numRuns: 500, seed });
  const path = join(directory, 'folds.json');
  writeFileSync(path, JSON.stringify({ folds }));
  const { code, stdout, stderr } = await whenEnded(spawnPython(['vectors.py', path]));
  assert.equal(code, 0, stderr);
  const { folds: folded } = JSON.parse(stdout) as { folds: Waiting[][] };
  for (const [i, one] of folds.entries()) {
    // A sum is text there, as the record script takes it.
    const updates = (folded[i] ?? []).map((update) =>
      update.advance === undefined ? update : { ...update, advance: Number(update.advance) },
    );
    try {
      assertRight(one, updates);
    } catch (error) {
      throw new Error(`seed ${seed}, case ${i}: ${JSON.stringify(one)}`, { cause: error });
    }
  }
}
