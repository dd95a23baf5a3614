// The line of a run in a terminal: what it says, and that it fits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LineOptions, logLine, runLine } from '../../src/cli/run-lines.ts';
import { languageOf } from '../../src/cli/watch-output.ts';
import { afterMessage, type WatchedRun, watchedRun } from '../../src/cli/watched-runs.ts';
import { columnsOf } from '../../src/delivery/columns.ts';
import type { Progress } from '../../src/element/message.ts';
import { wordsFor } from '../../src/element/words.ts';

const TS = 1_763_800_000_000;
const plain = (text: string) => text;
const options: LineOptions = {
  columns: 80,
  nameColumns: 0,
  colors: { bold: plain, dim: plain, good: plain, bad: plain, accent: plain },
  words: wordsFor('en'),
  failedStates: ['FAILED'],
  now: TS,
  away: '',
};

/** After these events, one after another. */
function after(...events: Partial<Progress>[]): WatchedRun {
  return events.reduce<WatchedRun>(
    (run, event, i) =>
      afterMessage(run, {
        type: 'progress',
        run_id: 'r',
        id: 100 + i,
        ts: TS,
        started: TS - 90_000,
        ...event,
      }),
    watchedRun('r'),
  );
}

const lines: [name: string, run: WatchedRun, own: Partial<LineOptions>, line: string][] = [
  ['a run that has not started', watchedRun('r'), {}, `${'░'.repeat(20)}${' '.repeat(26)}Waiting to start`],
  ['percent', after({ state: 'A', progress: 0.5 }), {}, `${'█'.repeat(10)}${'░'.repeat(10)}  50 %  A`],
  [
    'counts',
    after({ state: 'A', progress: 0.3, current: 12, total: 40 }),
    {},
    `██████${'░'.repeat(14)} 12/40  A`,
  ],
  [
    'a second attempt by its number',
    after({ state: 'A', attempt: 1 }),
    {},
    `${'░'.repeat(20)}        A                 second attempt`,
  ],
  [
    'a third one by what was seen',
    after({ state: 'A', attempt: 1e15 }, { attempt: 2e15 }, { state: 'A', attempt: 3e15 }),
    {},
    `${'░'.repeat(20)}        A                 attempt 3`,
  ],
  [
    'a worker that was killed',
    after({ state: 'A', progress: 0.5 }),
    { now: TS + 61_000 },
    `${'█'.repeat(10)}${'░'.repeat(10)}  50 %  A                 Nothing heard for 1 min`,
  ],
  [
    'an end',
    after({ state: 'A', attempt: 1 }, { state: 'END', progress: 1, done: true }),
    {},
    `${'█'.repeat(20)} 100 %  END               1 min 30 sec`,
  ],
  [
    'an outage',
    after({ state: 'A' }),
    { away: 'cut' },
    `${'░'.repeat(20)}        A                 Reconnecting…  cut`,
  ],
];
for (const [name, run, own, line] of lines)
  test(`${name} is said`, () => assert.equal(runLine(run, { ...options, ...own }).trimEnd(), line));

test('in Korean it says the same', () => {
  const words = wordsFor(languageOf({ LANG: 'ko_KR.UTF-8' }));
  assert.match(
    runLine(after({ state: '렌더링', attempt: 1 }), { ...options, words }),
    /렌더링 {12}두 번째 시도$/,
  );
});

test('a log says where the run began again', () => {
  const run = after({ attempt: 0, message: 'one' }, { attempt: 1, message: 'two' }).run;
  assert.deepEqual(
    run.lines.map((line) => logLine(watchedRun('r'), line, options).slice(10)),
    ['one', '··· Started again ···', 'two'],
  );
});

test('no line is as wide as the terminal, however narrow it is', () => {
  const long = '우주여행 고양이 👩‍👩‍👧 '.repeat(20);
  const run = {
    ...after({ state: long, progress: 0.5, current: 12_345, total: 67_890, message: long }),
    runId: long,
  };
  for (let columns = 2; columns <= 130; columns++)
    for (const nameColumns of [0, 12]) {
      const width = columnsOf(runLine(run, { ...options, columns, nameColumns }));
      assert.ok(width < columns, `${width} of ${columns}`);
    }
});
