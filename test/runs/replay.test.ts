// What a reader gets next, by its cursor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cursor, cursorAfter, LOST, SNAPSHOT, START, WAITING } from '../../src/runs/cursor.ts';
import { createHistory } from '../../src/runs/history.ts';
import { createReplay, type Step } from '../../src/runs/replay.ts';
import { eventOf, eventsFrom } from '../support/entries.ts';

const LIMIT = 5;

function setUp(first: number, last: number) {
  const history = createHistory(LIMIT);
  history.merge(eventsFrom(first, last));
  return { history, replay: createReplay('r', history, LIMIT) };
}

/** 'nothing', 'caught-up', 'ask-store', 'snapshot', 'gap', or the ids of events. */
function wordsOf(step: Step): string {
  return step.kind === 'events' ? step.events.map(({ id }) => id).join() : step.kind;
}

test('what comes next follows from the cursor, the history, and whether it is in step with the store', () => {
  const cases: [Cursor, { empty: string; short: string; full: string; unsynced: string }][] = [
    [SNAPSHOT, { empty: 'nothing', short: 'snapshot', full: 'snapshot', unsynced: 'snapshot' }],
    [START, { empty: 'nothing', short: '101,102', full: '101,102,103,104,105', unsynced: '101,102' }],
    [WAITING, { empty: 'nothing', short: '101,102', full: 'snapshot', unsynced: '101,102' }],
    [LOST, { empty: 'gap', short: 'gap', full: 'gap', unsynced: 'ask-store' }],
    [cursorAfter(99), { empty: 'gap', short: 'gap', full: 'gap', unsynced: 'gap' }],
    [cursorAfter(100), { empty: 'gap', short: '101,102', full: '101,102,103,104,105', unsynced: '101,102' }],
    [cursorAfter(102), { empty: 'gap', short: 'caught-up', full: '103,104,105', unsynced: 'caught-up' }],
    [cursorAfter(999), { empty: 'gap', short: 'gap', full: 'gap', unsynced: 'ask-store' }],
  ];
  for (const [cursor, expected] of cases) {
    const got = (last: number, isSynced: boolean) =>
      wordsOf(setUp(101, last).replay.stepAfter(cursor, isSynced));
    const steps = {
      empty: got(100, true),
      short: got(102, true),
      full: got(105, true),
      unsynced: got(102, false),
    };
    assert.deepEqual(steps, expected, JSON.stringify(cursor));
  }
  const { replay } = setUp(101, 100);
  for (const cursor of [SNAPSHOT, LOST, cursorAfter(1)])
    assert.equal(
      replay.stepAfter(cursor, false).kind,
      'ask-store',
      'only the store knows that there is nothing',
    );
});

test('readers at one event share one array, until something happens', () => {
  const { history, replay } = setUp(1, 4);
  const step = replay.stepAfter(cursorAfter(2), true);
  assert.equal(replay.stepAfter(cursorAfter(2), true), step);
  history.append(eventOf({ id: 5 }));
  replay.reset();
  assert.equal(wordsOf(replay.stepAfter(cursorAfter(2), true)), '3,4,5');
});

test('after a loss whoever had something has a gap, except a reader that had all of a run that has expired', () => {
  const { replay } = setUp(1, 4);
  for (const nothing of [SNAPSHOT, START]) assert.equal(replay.cursorAfterLoss(nothing, 4), nothing);
  for (const some of [WAITING, LOST, cursorAfter(3)]) assert.equal(replay.cursorAfterLoss(some, 4), LOST);
  assert.equal(replay.cursorAfterLoss(cursorAfter(4), 4), WAITING);
  assert.equal(replay.cursorAfterLoss(cursorAfter(4), 0), LOST);
});
