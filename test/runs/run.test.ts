// One open run and its readers: who has waited for it, and who has all of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SNAPSHOT, START } from '../../src/runs/cursor.ts';
import { createRun } from '../../src/runs/run.ts';
import { eventOf, eventsFrom } from '../support/entries.ts';
import { createRecordedReader } from '../support/recorded-reader.ts';

const LIMIT = 10;

function syncedRun() {
  const run = createRun('r', LIMIT, () => {});
  run.setSynced(true);
  return run;
}

const ids = (first: number, last: number) => eventsFrom(first, last).map(({ id }) => `${id}`);

test('a reader that waited for a run gets all of its events, as long as none can have gone', () => {
  for (const cursor of [SNAPSHOT, START]) {
    const run = syncedRun();
    const reader = createRecordedReader();
    run.subscribe(reader, cursor);
    assert.deepEqual(reader.got, []);
    run.merge(eventsFrom(1, LIMIT - 1));
    run.flush();
    assert.deepEqual(reader.got, ids(1, LIMIT - 1), cursor.at);
    run.apply(eventOf({ id: LIMIT }));
    run.flush();
    assert.deepEqual(reader.got, ids(1, LIMIT), cursor.at);
  }
});

test('a reader that waited for a run gets a snapshot if its first events may have gone, and no gap', () => {
  const run = syncedRun();
  const reader = createRecordedReader();
  run.subscribe(reader, SNAPSHOT);
  run.merge(eventsFrom(5, 4 + LIMIT));
  run.flush();
  assert.deepEqual(reader.got, [`snapshot ${4 + LIMIT}`]);
  run.apply(eventOf({ id: 5 + LIMIT }));
  run.flush();
  assert.deepEqual(reader.got, [`snapshot ${4 + LIMIT}`, `${5 + LIMIT}`]);
});

test('a reader that was told of a gap while nothing was known waits like any other', () => {
  for (const length of [LIMIT - 1, LIMIT]) {
    const run = syncedRun();
    const reader = createRecordedReader();
    run.subscribe(reader, { at: 'event', id: 77 });
    run.merge(eventsFrom(100, 99 + length));
    run.flush();
    const rest = length < LIMIT ? ids(100, 99 + length) : [`snapshot ${99 + length}`];
    assert.deepEqual(reader.got, ['gap 0', ...rest]);
  }
});

test('a cursor that is ahead is a gap only when the store has been asked', () => {
  const run = syncedRun();
  run.merge(eventsFrom(1, 3));
  run.setSynced(false);
  const [behind, ahead, current] = [
    createRecordedReader(),
    createRecordedReader(),
    createRecordedReader(),
  ] as const;
  run.subscribe(behind, { at: 'event', id: 2 });
  run.subscribe(ahead, { at: 'event', id: 5 });
  run.subscribe(current, { at: 'event', id: 4 });
  assert.deepEqual([behind.got, ahead.got, current.got], [['3'], [], []]);
  run.merge(eventsFrom(1, 4));
  run.setSynced(true);
  run.flush();
  assert.deepEqual([behind.got, ahead.got, current.got], [['3', '4'], ['gap 4'], []]);
});

test('a finished run that expires is no news to a reader who has all of it', () => {
  const run = syncedRun();
  run.merge([...eventsFrom(1, 2), eventOf({ id: 3, done: true })]);
  const [hasAll, late] = [createRecordedReader(), createRecordedReader()] as const;
  run.subscribe(hasAll, { at: 'event', id: 3 });
  late.setWritable(false);
  const subscription = run.subscribe(late, { at: 'event', id: 2 });
  run.merge([]);
  late.setWritable(true);
  subscription.advance();
  run.flush();
  assert.deepEqual(hasAll.got, []);
  assert.deepEqual(late.got, ['gap 0']);
});

test('a run that goes on and is lost is a gap for every reader', () => {
  const run = syncedRun();
  run.merge(eventsFrom(1, 3));
  const reader = createRecordedReader();
  run.subscribe(reader, { at: 'event', id: 3 });
  run.merge([]);
  run.flush();
  assert.deepEqual(reader.got, ['gap 0']);
});
