// The store's contract on the history: ids, order and limit, and that entries hold what was given.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntry } from '../../src/runs/event.ts';
import type { Recording } from '../../src/runs/recording.ts';
import type { Outcome } from '../../src/runs/store.ts';
import { assertDense } from '../support/invariants.ts';
import { type ContractSubject, freshName } from './contract-subject.ts';

export function historyContract({ store, record, read }: ContractSubject) {
  test('ids are dense, and the first one is the clock in microseconds', async () => {
    const earliest = Date.now() * 1000 - 1_000_000;
    await record('dense', [{ log: 'a' }, {}, { progress: 0.5 }]);
    const ids = (await read('dense')).map(({ id }) => id);
    assertDense(ids);
    assert.equal(ids.length, 3);
    assert.ok((ids[0] ?? 0) > earliest && (ids[0] ?? 0) < Date.now() * 1000 + 1_000_000, String(ids[0]));
  });

  test('calls are recorded in the order made, without waiting for one another', async () => {
    const calls: Promise<Outcome[]>[] = [];
    for (let i = 0; i < 50; i++)
      calls.push(
        store().record([
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

  test('an event comes back when it is asked for, and is the one in the history', async () => {
    const recording: Recording = { runId: 'wanted', update: { log: 'x' }, name: freshName() };
    const [outcome] = await store().record([recording], { wantEvents: true });
    const [entry = ''] = await store().read('wanted');
    assert.deepEqual(outcome, { status: 'recorded', event: parseEntry(entry)?.json });
    assert.deepEqual(await store().record([{ ...recording, name: freshName() }]), [{ status: 'recorded' }]);
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
    const outcomes = await store().record(recordings);
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
    const entries = await store().read('data');
    assert.ok(entries[0]?.includes(`,"data":${JSON.stringify(data)},`), entries[0]);
    assert.equal((await read('data'))[1]?.message, ',"record":{"started":1}}');
  });

  test('what breaks lines for some readers is escaped', async () => {
    const hard = 'a\u2028b\u2029c\u0085d\r\ne"\\\u0000';
    await record(hard, [{ state: hard.slice(0, 7), log: hard, data: { [hard]: hard } }]);
    const [entry = ''] = await store().read(hard);
    assert.doesNotMatch(entry, /[\u2028\u2029\u0085\r\n\u0000]/);
    const event = JSON.parse(entry);
    assert.deepEqual([event.run_id, event.message, event.data], [hard, hard, { [hard]: hard }]);
  });

  test('nothing recorded, nothing read', async () => {
    assert.deepEqual(await store().record([]), []);
    assert.deepEqual(await store().read('never heard of'), []);
    assert.equal(await store().readLast('never heard of'), null);
  });
}
