// What a page may give as stages, and what it may not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStages } from '../../src/element/stages.ts';

test('stages are taken as text and as a value', () => {
  const stages = [{ state: 'A', label: 'a', until: 0.3 }, { state: 'B' }];
  assert.deepEqual(parseStages(JSON.stringify(stages)), stages);
  assert.equal(parseStages(stages), stages);
  for (const none of [undefined, null, '']) assert.equal(parseStages(none), undefined);
});

const bad: unknown[] = [
  '{}',
  '[null]',
  'FETCH,DONE',
  '{"length": 1}',
  '[{"label": "a"}]',
  '[{"state": 1}]',
  '[{"state": "A", "until": "half"}]',
  '[{"state": "A", "until": 1.2}]',
  '[{"state": "A", "until": 0.5}, {"state": "B", "until": 0.4}]',
  {},
  7,
];
for (const given of bad)
  test(`${JSON.stringify(given)} are no stages`, () => {
    assert.throws(() => parseStages(given), { name: 'TypeError', message: /"stages" must be like/ });
  });
