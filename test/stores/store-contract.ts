// What every store must do (runs/store.ts), run by each implementation's own test file.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonText } from '../../src/runs/json-text.ts';
import type { Name, Recording } from '../../src/runs/record.ts';
import { REMEMBERED_EPOCHS, recordUpdate } from '../../src/runs/record.ts';
import type { HistoryOptions, Outcome, Store } from '../../src/runs/store.ts';
import type { Update } from '../../src/runs/update.ts';
import type { StoredEvent } from '../support/history-list.ts';
import { assertDense } from '../support/invariants.ts';
import { createObserved } from '../support/observed.ts';

export const CONTRACT_OPTIONS: HistoryOptions = {
  historyLimit: 10,
  runTtlMs: 60_000,
  finishedTtlMs: 30_000,
  terminalStates: ['END', 'FAILED', '완료'],
};

/** Epochs beyond any that a real marker has brought. */
const EPOCHS = 8_000_000_000_000_000;

/**
 * `makeStore` is called once; the store is ready when its promise is fulfilled. `newestEpoch` is that of the newest
 * marker which the store knows of.
 */
export function storeContract(
  name: string,
  makeStore: (options: HistoryOptions) => Promise<Store>,
  newestEpoch: () => Promise<number>,
) {
  describe(`the store contract, kept by the store ${name}`, () => {
    let store: Store;
    before(async () => {
      store = await makeStore(CONTRACT_OPTIONS);
    });
    after(() => store.close());

    /** Records one after another under names of its own; the outcomes' statuses. */
    async function record(runId: string, updates: readonly (Update | [Update, Name])[]): Promise<string[]> {
      const outcomes: string[] = [];
      for (const entry of updates) {
        const [update, given] = Array.isArray(entry) ? entry : [entry, freshName()];
        const [outcome] = await store.record([{ runId, update, name: given }]);
        outcomes.push(outcome?.status ?? 'none');
      }
      return outcomes;
    }

    async function read(runId: string): Promise<StoredEvent[]> {
      return (await store.read(runId)).map((element) => JSON.parse(element));
    }

    test('ids are dense, and the first one is the clock in microseconds', async () => {
      const earliest = Date.now() * 1000 - 1_000_000;
      await record('dense', [{ log: 'a' }, {}, { progress: 0.5 }]);
      const ids = (await read('dense')).map(({ id }) => id);
      assertDense(ids);
      assert.equal(ids.length, 3);
      assert.ok((ids[0] ?? 0) > earliest && (ids[0] ?? 0) < Date.now() * 1000 + 1_000_000, String(ids[0]));
    });

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
      const expected = [
        'recorded',
        'repeat',
        'recorded',
        'repeat',
        'recorded',
        'repeat',
        'recorded',
        'repeat',
      ];
      assert.deepEqual(outcomes, expected);
      assert.deepEqual(
        (await read('names')).map(({ message }) => message),
        ['p1 1', 'p1 3', 'p2 1', 'p1 4'],
      );
    });

    test('an update whose key the history holds is a repeat, answered with the first element', async () => {
      const keyed = (key: string | undefined, name = freshName()): Recording => ({
        runId: 'keys',
        update: { log: key ?? 'none' },
        name,
        ...(key !== undefined && { key }),
      });
      const outcomes = await store.record([keyed('a'), keyed('a'), keyed('"}}'), keyed(undefined)], {
        wantElements: true,
      });
      outcomes.push(...(await store.record([keyed('"}}'), keyed('b'), keyed('a')], { wantElements: true })));
      const [a, quoted, none, b] = await store.read('keys');
      assert.deepEqual(
        outcomes.map((outcome) => [outcome.status, 'element' in outcome && outcome.element]),
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

    test('a name is one of its run: another run may have it as well', async () => {
      const name = { source: 'shared', n: 1 };
      assert.deepEqual(await record('names a', [[{}, name]]), ['recorded']);
      assert.deepEqual(await record('names b', [[{}, name]]), ['recorded']);
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
      const of = (epoch: number, n = 1): [Update, Name] => [
        { log: `${epoch}` },
        { source: String(epoch), n },
      ];
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
      const epoch = (n: number) => String(EPOCHS + n);
      await record('publisher', [
        [{ state: 'A' }, { source: epoch(2), n: 1 }],
        [{ state: 'B' }, { source: 'publisher', n: 1 }],
        [{ state: 'LATE' }, { source: epoch(1), n: 1 }],
        [{ state: 'C' }, { source: epoch(2), n: 2 }],
      ]);
      assert.deepEqual(
        (await read('publisher')).map(({ state }) => state),
        ['A', 'B', 'B', 'C'],
      );
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

    test('the history keeps the newest events up to its limit', async () => {
      await record(
        'cap',
        Array.from({ length: 25 }, (_, i) => ({ log: String(i) })),
      );
      const events = await read('cap');
      assert.deepEqual(
        events.map(({ message }) => message),
        ['15', '16', '17', '18', '19', '20', '21', '22', '23', '24'],
      );
      assertDense(events.map(({ id }) => id));
    });

    test('one call with more than the limit keeps the newest too', async () => {
      const recordings = Array.from(
        { length: 600 },
        (_, i): Recording => ({
          runId: 'cap at once',
          update: { log: String(i) },
          name: { source: 'many', n: i + 1 },
        }),
      );
      const outcomes = await store.record(recordings);
      assert.equal(outcomes.length, 600);
      assert.ok(outcomes.every(({ status }) => status === 'recorded'));
      const events = await read('cap at once');
      assert.deepEqual(
        events.map(({ message }) => message),
        Array.from({ length: 10 }, (_, i) => String(590 + i)),
      );
    });

    test('data stays what it was: empty lists, numbers, nesting, order of keys', async () => {
      const data = JSON.parse(
        '{"list":[],"object":{},"z":1,"a":[[],[[]],{}],"n":[0.1,1e-7,123456789012345,1.7976931348623157e308,-5],"null":null,"__proto__":{"x":1},"deep":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],"text":"\\"record\\":{\\u0000"}',
      );
      await record('data', [{ data }, { log: ',"record":{"started":1}}' }]);
      const elements = await store.read('data');
      assert.ok(elements[0]?.includes(`,"data":${JSON.stringify(data)},`), elements[0]);
      assert.equal((await read('data'))[1]?.message, ',"record":{"started":1}}');
    });

    test('what breaks lines for some readers is escaped', async () => {
      const hard = 'a\u2028b\u2029c\u0085d\r\ne"\\\u0000';
      await record(hard, [{ state: hard.slice(0, 7), log: hard, data: { [hard]: hard } }]);
      const [element = ''] = await store.read(hard);
      assert.doesNotMatch(element, /[\u2028\u2029\u0085\r\n\u0000]/);
      const event = JSON.parse(element);
      assert.deepEqual([event.run_id, event.message, event.data], [hard, hard, { [hard]: hard }]);
    });

    test('calls are recorded in the order made, without waiting for one another', async () => {
      const calls: Promise<Outcome[]>[] = [];
      for (let i = 0; i < 50; i++)
        calls.push(
          store.record([
            { runId: 'order', update: { log: `${i}a` }, name: { source: 'one', n: 2 * i + 1 } },
            { runId: 'order', update: { log: `${i}b` }, name: { source: 'one', n: 2 * i + 2 } },
          ]),
        );
      const outcomes = (await Promise.all(calls)).flat();
      assert.ok(outcomes.every(({ status }) => status === 'recorded'));
      const events = await read('order');
      assert.deepEqual(
        events.map(({ message }) => message),
        ['45a', '45b', '46a', '46b', '47a', '47b', '48a', '48b', '49a', '49b'],
      );
    });

    test('an element comes back when it is asked for, and is the one in the history', async () => {
      const recording: Recording = { runId: 'wanted', update: { log: 'x' }, name: freshName() };
      const [first, repeat] = await store.record([recording, recording], { wantElements: true });
      const [element] = await store.read('wanted');
      assert.deepEqual(first, { status: 'recorded', element });
      assert.deepEqual(repeat, { status: 'repeat' });
      assert.deepEqual(await store.record([{ ...recording, name: freshName() }]), [{ status: 'recorded' }]);
    });

    test('nothing recorded, nothing read', async () => {
      assert.deepEqual(await store.record([]), []);
      assert.deepEqual(await store.read('never heard of'), []);
      assert.equal(await store.readLast('never heard of'), null);
    });

    test('a follower hears every event of its run, in order, after it is in the history', async () => {
      const heard: string[] = [];
      const observed = createObserved(() => heard.join('\n'));
      await store.follow('followed', (elements) => {
        heard.push(...elements);
        observed.changed();
      });
      await record('not followed', [{ log: 'for others' }]);
      await record('followed', [{ log: '1' }, { log: '2' }]);
      await store.record(
        [3, 4, 5].map((n) => ({ runId: 'followed', update: { log: String(n) }, name: freshName() })),
      );
      await observed.until('five events', () => heard.length === 5);
      assert.deepEqual(heard, await store.read('followed'));
      assert.equal(await store.readLast('followed'), heard.at(-1));

      store.unfollow('followed');
      await store.follow('another', () => observed.changed());
      await record('followed', [{ log: 'unheard' }]);
      await record('another', [{ log: 'heard' }]);
      assert.equal(heard.length, 5);
      store.unfollow('another');
    });

    test('it is ready', async () => {
      assert.deepEqual(await store.status(), { ready: true });
    });

    test('any sequence of updates makes the elements that the record rule says', async () => {
      let run = 0;
      const epoch = await newestEpoch();
      await fc.assert(
        fc.asyncProperty(fc.array(recordingArbitrary, { minLength: 1, maxLength: 30 }), async (entries) => {
          const runId = `property ${run++}`;
          const recordings = entries.map(({ update, name }): Recording => ({ runId, update, name }));
          const outcomes = await store.record(recordings, { wantElements: true });
          const expected = byTheRule(recordings, epoch);
          assert.deepEqual(
            outcomes.map(({ status }) => status),
            expected.map(({ status }) => status),
          );
          const clean = (outcome: Outcome) =>
            'element' in outcome ? withoutTimes(outcome.element ?? '') : null;
          assert.deepEqual(outcomes.map(clean), expected.map(clean));
        }),
        { numRuns: 150 },
      );
    });
  });
}

let names = 0;
/** A source of its own for every update. */
function freshName(): Name {
  return { source: `fresh${++names}`, n: 1 };
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const recordingArbitrary = fc.record({
  name: fc.oneof(
    fc.record({ source: fc.constantFrom('pub1', 'pub2', 'h-x_9'), n: fc.integer({ min: 1, max: 12 }) }),
    fc.record({
      source: fc.integer({ min: 1, max: 12 }).map((i) => String(EPOCHS + i)),
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

function byTheRule(recordings: readonly Recording[], newestEpoch: number): Outcome[] {
  const terminal = new Set(CONTRACT_OPTIONS.terminalStates.map(jsonText));
  let last: string | null = null;
  return recordings.map((recording): Outcome => {
    const context = {
      clockMicros: 1_000_000,
      newestEpoch,
      isTerminal: (state: string) => terminal.has(state),
    };
    const recorded = recordUpdate(last, recording, context);
    if (typeof recorded === 'string') return { status: recorded };
    last = recorded.element;
    return { status: 'recorded', element: last };
  });
}

/** Ids and times depend on the clock. */
function withoutTimes(element: string): string {
  return element
    .replace(/"id":\d+,"ts":\d+/, '"id":0,"ts":0')
    .replace(/"record":\{"started":\d+,(?=[^{}]*\}\}$)/, '"record":{"started":0,');
}
