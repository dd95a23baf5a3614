// The store's contract on idempotency keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEntry } from '../../src/runs/event.ts';
import type { Recording } from '../../src/runs/recording.ts';
import { type ContractSubject, freshName } from './contract-subject.ts';

export function keysContract({ store }: ContractSubject) {
  test('an update whose key the history holds is a repeat, answered with the event of the first', async () => {
    const keyed = (key: string | undefined, name = freshName()): Recording => ({
      runId: 'keys',
      update: { log: key ?? 'none' },
      name,
      ...(key !== undefined && { key }),
    });
    const outcomes = await store().record([keyed('a'), keyed('a'), keyed('"}}'), keyed(undefined)], {
      wantEvents: true,
    });
    outcomes.push(...(await store().record([keyed('"}}'), keyed('b'), keyed('a')], { wantEvents: true })));
    const entries = await store().read('keys');
    const [a, quoted, none, b] = entries.map((entry) => parseEntry(entry)?.json);
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.status, 'event' in outcome && outcome.event]),
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
    assert.ok(entries[0]?.endsWith(',"key":"a"}}') && !entries[2]?.includes('"key"'));
  });
}
