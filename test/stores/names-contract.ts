// The store's contract on names and keys: what is recorded, what is a repeat, and what comes too late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Name, REMEMBERED_EPOCHS, type Recording } from '../../src/runs/record.ts';
import type { Update } from '../../src/runs/update.ts';
import { type ContractSubject, freshName } from './contract-subject.ts';

export function namesContract({ store, record, read }: ContractSubject) {
  test('a name is recorded once: what is at or below the highest of its source is a repeat', async () => {
    const named = (n: number, source = 'p1'): [Update, Name] => [{ log: `${source} ${n}` }, { source, n }];
    const outcomes = await record('names', [
      named(1),
      named(1),
      named(3),
      named(2),
      named(1, 'p2'),
      named(3),
      named(4),
      named(1, 'p2'),
    ]);
    const expected = ['recorded', 'repeat', 'recorded', 'repeat', 'recorded', 'repeat', 'recorded', 'repeat'];
    assert.deepEqual(outcomes, expected);
    assert.deepEqual(
      (await read('names')).map(({ message }) => message),
      ['p1 1', 'p1 3', 'p2 1', 'p1 4'],
    );
  });

  test('a name is one of its run: another run may have it as well', async () => {
    const name = { source: 'shared', n: 1 };
    assert.deepEqual(await record('names a', [[{}, name]]), ['recorded']);
    assert.deepEqual(await record('names b', [[{}, name]]), ['recorded']);
  });

  test('an update whose key the history holds is a repeat, answered with the first entry', async () => {
    const keyed = (key: string | undefined, name = freshName()): Recording => ({
      runId: 'keys',
      update: { log: key ?? 'none' },
      name,
      ...(key !== undefined && { key }),
    });
    const outcomes = await store().record([keyed('a'), keyed('a'), keyed('"}}'), keyed(undefined)], {
      wantEntries: true,
    });
    outcomes.push(...(await store().record([keyed('"}}'), keyed('b'), keyed('a')], { wantEntries: true })));
    const [a, quoted, none, b] = await store().read('keys');
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.status, 'entry' in outcome && outcome.entry]),
      [
        ['recorded', a],
        ['repeat', a],
        ['recorded', quoted],
        ['recorded', none],
        ['repeat', quoted],
        ['recorded', b],
        ['repeat', a],
      ],
    );
    assert.ok(a?.endsWith('","key":"a"}}') && !none?.includes('"key"'));
  });

  test('the newest eight sources are remembered', async () => {
    const from = (i: number): [Update, Name] => [{}, { source: `s${i}`, n: 1 }];
    await record('eight', [1, 2, 3, 4, 5, 6, 7, 8].map(from));
    assert.deepEqual(await record('eight', [from(1), from(8)]), ['repeat', 'repeat']);
    await record('eight', [from(9)]);
    assert.deepEqual(await record('eight', [from(2)]), ['repeat']);
    assert.deepEqual(await record('eight', [from(1)]), ['recorded']);
  });

  test('an epoch older than the remembered ones is stale, one among them is late', async () => {
    const of = (epoch: number, n = 1): [Update, Name] => [{ log: `${epoch}` }, { source: String(epoch), n }];
    // 20, 30, …: one less than are remembered.
    const epochs = Array.from({ length: REMEMBERED_EPOCHS - 1 }, (_, i) => 20 + 10 * i);
    const newest = 20 + 10 * epochs.length;
    await record(
      'epochs',
      epochs.map((epoch) => of(epoch)),
    );
    assert.deepEqual(await record('epochs', [of(45)]), ['recorded']);
    assert.deepEqual(await record('epochs', [of(10), of(45), of(45, 2), of(newest)]), [
      'stale',
      'repeat',
      'recorded',
      'recorded',
    ]);
    assert.deepEqual(await record('epochs', [of(20, 2), of(30, 2)]), ['stale', 'recorded']);
  });
}
