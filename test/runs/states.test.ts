// When states began, as a snapshot tells it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Step, statesOf } from '../../src/runs/states.ts';

/** One step a second; each says what changes. */
function stepsOf(...changes: Partial<Step>[]): Step[] {
  let step: Step = { ts: 0, state: null, progress: null, attempt: undefined, done: false, isFirst: true };
  return changes.map((change, i) => {
    step = { ...step, ts: (i + 1) * 1000, isFirst: i === 0, ...change };
    return step;
  });
}

const told = (...changes: Partial<Step>[]) => {
  const { states, state_times } = statesOf(stepsOf(...changes));
  return states.map((state, i) => `${state} ${(state_times[i] ?? 0) / 1000}`);
};

test('each state is told with the time of the event that brought it, but no terminal one', () => {
  assert.deepEqual(
    told({}, { state: 'A' }, {}, { state: 'B' }, { state: 'A' }, { state: 'END', done: true }),
    ['A 2', 'B 4', 'A 5'],
  );
  assert.deepEqual(told({}, {}), []);
});

test('of a history that lost its beginning the first state is left out', () => {
  assert.deepEqual(told({ state: 'A', isFirst: false }, {}, { state: 'B' }), ['B 3']);
});

test('a run that begins again begins anew', () => {
  const began = { state: 'A', progress: 0.1 };
  const again = ['A 3', 'B 4'];
  const later = { state: 'B', progress: 0.5 };
  assert.deepEqual(told(began, later, began, later), again);
  assert.deepEqual(told(began, { state: 'END', done: true }, { ...began, done: false }, later), again);
  assert.deepEqual(told({ ...began, attempt: 0 }, {}, { attempt: 1 }, { state: 'B' }), again);
  // A little disorder among parallel workers is none, nor is the first attempt that is given.
  assert.deepEqual(told(began, { progress: 0.07 }, { state: 'B', attempt: 1 }), ['A 1', 'B 3']);
});

test('of many states the newest are told', () => {
  const { states } = statesOf(stepsOf(...Array.from({ length: 500 }, (_, i) => ({ state: `frame ${i}` }))));
  assert.equal(states.length, 50);
  assert.equal(states.at(-1), 'frame 499');
});
