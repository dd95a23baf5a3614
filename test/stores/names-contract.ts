// The store's contract on names, for updates of several sources: what is recorded, what is a repeat, and what comes late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Name } from '../../src/runs/recording.ts';
import type { Update } from '../../src/runs/update.ts';
import { type ContractSubject, farEpoch, freshName } from './contract-subject.ts';
import { MOST_EPOCHS, MOST_SOURCES } from './record-model.ts';

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

  test('as many sources are remembered as workers may share a run', async () => {
    const from = (i: number, n = 1): [Update, Name] => [{}, { source: `s${i}`, n }];
    const all = Array.from({ length: MOST_SOURCES }, (_, i) => from(i));
    await record('shared', all);
    assert.deepEqual(await record('shared', [from(0), from(200), from(255)]), ['repeat', 'repeat', 'repeat']);
    // The one that has been silent for longest is forgotten for a new one.
    await record('shared', [from(0, 2), from(256)]);
    assert.deepEqual(await record('shared', [from(0, 2), from(2), from(1)]), [
      'repeat',
      'repeat',
      'recorded',
    ]);
  });

  test('a sign of life is a repeat where the run was heard within its silence, whoever spoke', async () => {
    const signs = async (...updates: [Update, silenceMs: number][]) => {
      const recordings = updates.map(([update, silenceMs]) => ({
        runId: 'alive',
        update,
        silenceMs,
        name: freshName(),
      }));
      return (await store().record(recordings)).map(({ status }) => status);
    };
    const [LONG, NONE] = [60_000, 0];
    assert.deepEqual(await signs([{ attempt: 2 }, LONG], [{ attempt: 2 }, LONG], [{}, LONG], [{}, NONE]), [
      'recorded',
      'repeat',
      'repeat',
      'recorded',
    ]);
    assert.deepEqual(await signs([{ attempt: 2 }, LONG], [{ attempt: 1 }, LONG], [{ attempt: 3 }, LONG]), [
      'repeat',
      'superseded',
      'recorded',
    ]);
    assert.equal((await read('alive')).length, 3);
  });

  test('an epoch older than the remembered ones is stale, one among them is late', async () => {
    const of = (epoch: number, n = 1): [Update, Name] => [{ log: `${epoch}` }, { source: String(epoch), n }];
    // 20, 30, …: one less than are remembered.
    const epochs = Array.from({ length: MOST_EPOCHS - 1 }, (_, i) => 20 + 10 * i);
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

  test('a late epoch sets only what nothing newer has set', async () => {
    const outcomes = await record('late', [
      [
        { state: 'END', log: 'new' },
        { source: '200', n: 1 },
      ],
      [
        { state: 'RENDERING', progress: 0.5, log: 'late' },
        { source: '100', n: 1 },
      ],
      [{ progress: 0.9 }, { source: '200', n: 2 }],
      [
        { progress: 0.6, data: { from: 'late' } },
        { source: '100', n: 2 },
      ],
      [{ data: { from: 'new' } }, { source: '200', n: 3 }],
      [{ data: { from: 'later' } }, { source: '100', n: 3 }],
    ]);
    assert.ok(outcomes.every((status) => status === 'recorded'));
    const events = await read('late');
    assert.deepEqual(
      events.map(({ state, progress, message, data, done }) => [state, progress, message, data, done]),
      [
        ['END', null, 'new', undefined, true],
        ['END', 0.5, 'late', undefined, true],
        ['END', 0.9, '', undefined, true],
        ['END', 0.9, '', { from: 'late' }, true],
        ['END', 0.9, '', { from: 'new' }, true],
        ['END', 0.9, '', undefined, true],
      ],
    );
  });

  test('an update of a publisher counts as of the newest epoch', async () => {
    await record('publisher', [
      [{ state: 'A' }, { source: farEpoch(2), n: 1 }],
      [{ state: 'B' }, { source: 'publisher', n: 1 }],
      [{ state: 'LATE' }, { source: farEpoch(1), n: 1 }],
      [{ state: 'C' }, { source: farEpoch(2), n: 2 }],
    ]);
    assert.deepEqual(
      (await read('publisher')).map(({ state }) => state),
      ['A', 'B', 'B', 'C'],
    );
  });
}
