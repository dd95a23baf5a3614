// What the log says of raw messages: at most once a second, and what became of them.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { pino } from 'pino';
import { createTally } from '../../src/stores/tally.ts';

test('the log tells once a second, by reason, what became of raw messages', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const lines: string[] = [];
  const tally = createTally(pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) }));
  tally.count('recorded');
  tally.count('not-json', () => 'hello');
  tally.count('not-json', () => 'hello again');
  tally.count('bad-progress', () => 'r: progress must be from 0 to 1');
  tally.count('repeated-later', () => 'READONLY', 7);
  assert.deepEqual(lines, []);
  mock.timers.tick(1000);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ msg, times, detail }) => [msg, times, detail]),
    [
      ['raw messages dropped', 2, 'hello'],
      ['raw messages recorded without a bad field', 1, 'r: progress must be from 0 to 1'],
      ['raw messages wait for Redis', 7, 'READONLY'],
    ],
  );
});
