// Latencies in buckets, and which events of a run have one: those that its readers were there for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cursor, SNAPSHOT, START } from '../../src/runs/cursor.ts';
import { recordedAt } from '../../src/runs/event.ts';
import { BOUNDS_MS, createLatency } from '../../src/runs/latency.ts';
import { createRun } from '../../src/runs/run.ts';
import { eventOf, eventsFrom } from '../support/entries.ts';
import { createRecordedReader } from '../support/recorded-reader.ts';

test('what takes as long as a bound is within it, and what takes longer than all is counted, too', () => {
  const latency = createLatency();
  for (const ms of [-3, 0, 1, 1.5, 60_000, 60_001, Number.NaN]) latency.observe(ms);
  const { counts, sumMs } = latency.totals();
  const last = BOUNDS_MS.length;
  assert.deepEqual([counts[0], counts[1], counts[last - 1], counts[last]], [3, 1, 1, 1]);
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    6,
  );
  assert.equal(sumMs, 1 + 1.5 + 60_000 + 60_001);
});

test('an event says when it was recorded, and what only looks like one does not', () => {
  assert.equal(recordedAt(eventOf({ id: 7, runId: ',"ts":5' })), 1);
  assert.equal(recordedAt({ json: '{}', id: 1, done: false, started: 1 }), Number.NaN);
});

function watchedRun() {
  const written: number[] = [];
  const run = createRun(
    'r',
    10,
    () => {},
    undefined,
    (events) => {
      written.push(...events.map(({ id }) => id));
    },
  );
  run.setSynced(true);
  return { run, written, join: (cursor: Cursor) => run.subscribe(createRecordedReader(), cursor) };
}

test('events that were there before a reader came are not counted, those that come are, once', () => {
  const { run, written, join } = watchedRun();
  run.merge(eventsFrom(1, 5));
  join(START);
  // Announced before the first flush.
  run.apply(eventOf({ id: 6 }));
  join(SNAPSHOT);
  run.flush();
  assert.deepEqual(written, [6]);
  run.apply(eventOf({ id: 7 }));
  run.apply(eventOf({ id: 8 }));
  run.flush();
  run.flush();
  assert.deepEqual(written, [6, 7, 8]);
});

test('events that nobody reads are not counted, not even later', () => {
  const { run, written, join } = watchedRun();
  run.merge([]);
  run.apply(eventOf({ id: 1 }));
  run.flush();
  join(START);
  run.apply(eventOf({ id: 2 }));
  run.flush();
  assert.deepEqual(written, [2]);
});

test('events that were missed and read from the store are counted: their readers waited for them', () => {
  const { run, written, join } = watchedRun();
  run.merge([]);
  join(SNAPSHOT);
  run.apply(eventOf({ id: 1 }));
  run.flush();
  run.merge(eventsFrom(1, 4));
  run.flush();
  assert.deepEqual(written, [1, 2, 3, 4]);
});
