// What the soak holds the histories against: that it would notice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLedger } from './ledger.ts';

test('what a publisher was given must be there once, and in order', () => {
  const ledger = createLedger();
  for (const line of ['p 1', 'p 2', 'p 3']) ledger.enter('r', 'python', line);
  assert.deepEqual(ledger.violations('r', [['p 1', 'p 2', 'p 3']]), []);
  assert.deepEqual(ledger.violations('r', [['p 1', 'p 3']]), ['lost: "p 2"']);
  assert.deepEqual(ledger.violations('r', [['p 1', 'p 2', 'p 3', 'p 3']]), ['doubled: "p 3"']);
  assert.deepEqual(ledger.violations('r', [['p 2', 'p 1', 'p 3']]), ['out of order: "p 1" after 2']);
  assert.deepEqual(ledger.violations('r', [['p 1', 'p 2', 'p 3', 'x 1']]), ['nobody published "x 1"']);
});

test('a flushed history and the one after it may both hold what was repeated in between', () => {
  const ledger = createLedger();
  for (const line of ['p 1', 'p 2', 'p 3']) ledger.enter('r', 'http', line);
  assert.deepEqual(
    ledger.violations('r', [
      ['p 1', 'p 2'],
      ['p 2', 'p 3'],
    ]),
    [],
  );
});

test('a raw message must be there if a server that heard it was left, and may be there otherwise', () => {
  const ledger = createLedger();
  ledger.enter('r', 'raw', 'heard by none');
  ledger.gainHearing(0);
  ledger.gainHearing(1);
  ledger.enter('r', 'raw', 'settled');
  ledger.settle('settled');
  ledger.enter('r', 'raw', 'given up');
  ledger.giveUp('given up');
  ledger.enter('r', 'raw', 'heard by the other');
  ledger.loseHearing(0);
  ledger.enter('r', 'raw', 'heard by one');
  ledger.gainHearing(0);
  ledger.loseHearing(1);
  assert.deepEqual(ledger.violations('r', [[]]), ['lost: "settled"']);
  ledger.enter('r', 'raw', 'heard by the one that is back');
  assert.deepEqual(ledger.violations('r', [['settled']]), ['lost: "heard by the one that is back"']);
  assert.deepEqual(ledger.violations('r', [['settled', 'settled', 'heard by the one that is back']]), [
    'doubled: "settled"',
  ]);
});
