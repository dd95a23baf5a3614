// The store's contract on counters and attempts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Update } from '../../src/runs/update.ts';
import type { ContractSubject } from './contract-subject.ts';

export function countingContract({ record, read }: ContractSubject) {
  const valuesAfter = async (runId: string, updates: readonly Update[]) => {
    await record(runId, updates);
    return (await read(runId)).map(({ current, total, progress }) => [current, total, progress]);
  };

  test("the run's progress is current ÷ total, at most 1", async () => {
    const values = await valuesAfter('counters', [
      { log: 'nothing counted' },
      { total: 40 },
      { current: 3 },
      { advance: 1 },
      { total: 16 },
      { advance: 100 },
      { progress: 0.5 },
      { log: 'as it was' },
      { current: 4 },
    ]);
    assert.deepEqual(values, [
      [undefined, undefined, null],
      [0, 40, 0],
      [3, 40, 0.075],
      [4, 40, 0.1],
      [4, 16, 0.25],
      [104, 16, 1],
      [104, 16, 0.5],
      [104, 16, 0.5],
      [4, 16, 0.25],
    ]);
  });

  test('without a total there is a count, and no progress by it', async () => {
    assert.deepEqual(await valuesAfter('countless', [{ progress: 0.3 }, { advance: 2 }, { advance: 3 }]), [
      [undefined, undefined, 0.3],
      [2, undefined, 0.3],
      [5, undefined, 0.3],
    ]);
  });

  test('forty times 0.1 is 4, and sums stop where they are not exact any more', async () => {
    await record('decimals', [{ total: 4 }, ...Array.from({ length: 40 }, () => ({ advance: 0.1 }))]);
    const last = (await read('decimals')).at(-1);
    assert.deepEqual([last?.current, last?.progress], [4, 1]);
    const most = 999_999_999_999_999;
    assert.deepEqual(await valuesAfter('big', [{ current: most }, { advance: most }, { total: most }]), [
      [most, undefined, null],
      [most, undefined, null],
      [most, most, 1],
    ]);
    assert.deepEqual(await valuesAfter('small', [{ advance: 0.000001 }, { total: 2 }]), [
      [0.000001, undefined, null],
      [0.000001, 2, 5e-7],
    ]);
  });

  test('a higher attempt begins anew and opens a run that is done; a lower one is not recorded', async () => {
    const outcomes = await record('attempts', [
      { state: 'A', current: 2, total: 4, log: 'without an attempt' },
      { attempt: 5, log: 'first' },
      { attempt: 5, state: 'END', advance: 1 },
      { attempt: 7, log: 'second' },
      { attempt: 5, state: 'FAILED' },
      { attempt: 6, log: 'never seen' },
      { attempt: 0, advance: 1 },
      { attempt: 7, state: 'B' },
      { progress: 0.5 },
    ]);
    assert.deepEqual(
      outcomes.map((status) => status === 'superseded'),
      [false, false, false, false, true, true, true, false, false],
    );
    assert.deepEqual(
      (await read('attempts')).map(({ attempt, state, progress, current, total, message, done }) => ({
        values: [attempt, state, progress, current, total],
        message,
        done,
      })),
      [
        { values: [undefined, 'A', 0.5, 2, 4], message: 'without an attempt', done: undefined },
        { values: [5, null, null, undefined, undefined], message: 'first', done: undefined },
        { values: [5, 'END', null, 1, undefined], message: '', done: true },
        { values: [7, null, null, undefined, undefined], message: 'second', done: undefined },
        { values: [7, 'B', null, undefined, undefined], message: '', done: undefined },
        { values: [7, 'B', 0.5, undefined, undefined], message: '', done: undefined },
      ],
    );
  });
}
