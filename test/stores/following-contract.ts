// The store's contract on following: a follower hears what is recorded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntry } from '../../src/runs/event.ts';
import { createObserved } from '../support/observed.ts';
import { type ContractSubject, freshName } from './contract-subject.ts';

export function followingContract({ store, record }: ContractSubject) {
  test('a follower hears every event of its run, in order, after it is in the history', async () => {
    const heard: string[] = [];
    const observed = createObserved(() => heard.join('\n'));
    await store().follow('followed', (entries) => {
      heard.push(...entries);
      observed.changed();
    });
    await record('not followed', [{ log: 'for others' }]);
    await record('followed', [{ log: '1' }, { log: '2' }]);
    await store().record(
      [3, 4, 5].map((n) => ({ runId: 'followed', update: { log: String(n) }, name: freshName() })),
    );
    await observed.until('five events', () => heard.length === 5);
    const entries = await store().read('followed');
    assert.deepEqual(heard.map(parseEntry), entries.map(parseEntry));
    assert.equal(await store().readLast('followed'), entries.at(-1));

    store().unfollow('followed');
    await store().follow('another', () => observed.changed());
    await record('followed', [{ log: 'unheard' }]);
    await record('another', [{ log: 'heard' }]);
    assert.equal(heard.length, 5);
    store().unfollow('another');
  });
}
