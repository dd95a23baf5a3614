import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyMessage,
  MAX_ENTRIES,
  newRun,
  outcomeOf,
  type Progress,
  type Snapshot,
  stageOf,
  wholePercent,
} from '../public/run.js';

const snapshot = (change: Partial<Snapshot> = {}): Snapshot => ({
  type: 'initial_state',
  id: 2,
  ts: 2000,
  started: 1000,
  state: 'ASSET_GENERATION',
  progress: 0.4,
  logs: ['one', 'two'],
  log_times: [1000, 2000],
  done: false,
  ...change,
});
const progress = (change: Partial<Progress> = {}): Progress => ({
  type: 'progress',
  id: 3,
  ts: 3000,
  state: 'ASSET_GENERATION',
  progress: 0.5,
  message: 'three',
  ...change,
});
const known = applyMessage(newRun('r'), snapshot());
const nothing = {
  id: 0,
  ts: null,
  started: null,
  state: null,
  progress: null,
  logs: [],
  log_times: [],
  gap: true,
};

test('a snapshot replaces all that was there', () => {
  const run = applyMessage(known, snapshot({ id: 9, progress: 0.1, logs: ['nine'], log_times: [9000] }));
  assert.deepEqual(run.log, [{ ts: 9000, text: 'nine' }]);
  assert.equal(run.progress, 0.1);
});

test('a snapshot after a gap says so above its lines', () => {
  assert.deepEqual(applyMessage(known, snapshot({ gap: true })).log[0], { note: 'gap' });
});

test('a server that has forgotten the run takes nothing away, and says it once', () => {
  const once = applyMessage(known, snapshot(nothing));
  const twice = applyMessage(once, snapshot(nothing));
  assert.equal(twice.progress, 0.4);
  assert.equal(twice.expired, true);
  assert.deepEqual(twice.log, [...known.log, { note: 'expired' }]);
  const later = applyMessage(twice, progress({ progress: 0.1 }));
  assert.equal(later.expired, false);
  assert.deepEqual(later.log.at(-1), { ts: 3000, text: 'three' });
});

test('an update without a line adds none, and null keeps the earlier value', () => {
  const run = applyMessage(known, progress({ state: null, progress: null, message: '' }));
  assert.equal(run.log.length, known.log.length);
  assert.deepEqual([run.state, run.progress], ['ASSET_GENERATION', 0.4]);
});

test('a run whose progress falls has started again', () => {
  const run = applyMessage(known, progress({ progress: 0.1 }));
  assert.deepEqual(run.log.at(-2), { note: 'restarted' });
  assert.equal(run.started, 3000);
});

test('the log is bounded, and says what it left out', () => {
  let run = known;
  for (let id = 3; id < 2 * MAX_ENTRIES; id++) {
    run = applyMessage(run, progress({ id }));
    assert.ok(run.log.length <= MAX_ENTRIES);
  }
  assert.deepEqual(run.log[0], { note: 'trimmed' });
});

test('stages and outcomes', () => {
  const cases = [
    [newRun('r'), 'waiting', -1],
    [known, 'running', 1],
    [{ ...known, state: 'FAILED', progress: 0.75, done: true }, 'failed', 2],
    [{ ...known, state: 'END', progress: 1, done: true }, 'done', 4],
    [{ ...known, state: 'ABORTED', done: true }, 'ended', null],
  ] as const;
  for (const [run, outcome, stage] of cases)
    assert.deepEqual([outcomeOf(run), stageOf(run)], [outcome, stage]);
});

test('a percentage is never rounded up to done, nor down by a float', () => {
  assert.deepEqual([0.996, 0.58, 0.29, 1].map(wholePercent), [99, 58, 29, 100]);
});
