// The store's contract on folding: what an update makes of a run's state and progress, and whether it is done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContractSubject } from './contract-subject.ts';

export function foldingContract({ record, read }: ContractSubject) {
  test('state and progress are folded, the log and data are of the event', async () => {
    await record('fold', [
      { log: 'first' },
      { state: 'A' },
      { progress: 0.25, data: { n: 1 } },
      { state: 'B', log: 'second' },
      {},
    ]);
    const events = await read('fold');
    assert.deepEqual(
      events.map(({ state, progress, message, data }) => [state, progress, message, data]),
      [
        [null, null, 'first', undefined],
        ['A', null, '', undefined],
        ['A', 0.25, '', { n: 1 }],
        ['B', 0.25, 'second', undefined],
        ['B', 0.25, '', undefined],
      ],
    );
    assert.ok(events.every(({ record: { started } }) => started === events[0]?.id));
  });

  test('a terminal state is done, a log line leaves it done, another state opens it again', async () => {
    await record('again', [
      { state: 'END' },
      { log: 'late' },
      { progress: 1 },
      { state: 'A' },
      { state: '완료' },
    ]);
    assert.deepEqual(
      (await read('again')).map(({ done }) => done),
      [true, true, true, undefined, true],
    );
  });

  test('a state that only looks like a terminal one is none', async () => {
    await record('looks', [
      { state: 'end' },
      { state: 'END ' },
      { state: 'END","FAILED' },
      { state: 'E' },
      { state: ',' },
    ]);
    assert.ok((await read('looks')).every(({ done }) => done === undefined));
  });
}
