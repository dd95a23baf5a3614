// The one reducer: every line once, whatever order and however often messages come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Message, Progress, Snapshot } from '../../src/element/message.ts';
import { reduce } from '../../src/element/reducer.ts';
import { emptyRun, type RunState } from '../../src/element/run-state.ts';

const FIRST = 1_763_800_000_000_000;

function progress(n: number, fields: Partial<Progress> = {}): Progress {
  const common = { run_id: 'a', id: FIRST + n, ts: 1_000 * n, state: 'QA', progress: 0.5 };
  return { type: 'progress', ...common, message: `line ${n}`, ...fields };
}

/** What the history holds after the n-th event, at most `limit` of them. */
function snapshot(n: number, limit = 500, fields: Partial<Snapshot> = {}): Snapshot {
  const held = Array.from({ length: n }, (_, index) => index + 1).slice(-limit);
  return {
    type: 'initial_state',
    run_id: 'a',
    id: FIRST + n,
    ts: 1_000 * n,
    started: 1_000,
    state: 'QA',
    progress: 0.5,
    logs: held.map((each) => `line ${each}`),
    log_times: held.map((each) => 1_000 * each),
    ...fields,
  };
}

function after(...messages: Message[]): RunState {
  return messages.reduce(reduce, emptyRun);
}

function texts(run: RunState): string[] {
  return run.lines.map((line) => (line.kind === 'text' ? line.text : `-- ${line.kind}`));
}

function linesTo(n: number): string[] {
  return Array.from({ length: n }, (_, index) => `line ${index + 1}`);
}

test('a null field keeps the value of before', () => {
  const run = after(progress(1), progress(2, { state: null, progress: null, message: '' }));
  assert.deepEqual([run.state, run.progress, texts(run)], ['QA', 0.5, ['line 1']]);
});

test('what was had already changes nothing, by identity', () => {
  const run = after(snapshot(5), progress(6));
  for (const late of [progress(3), progress(6), snapshot(4), snapshot(6)])
    assert.equal(reduce(run, late), run);
});

test('each line shows once, in order, however transports overlap, repeat and lag', () => {
  const step = fc.record({
    isSnapshot: fc.boolean(),
    lag: fc.nat({ max: 5 }),
    limit: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      let run = emptyRun;
      // One transport is complete; beside it another one repeats and lags as it likes.
      steps.forEach(({ isSnapshot, lag, limit }, index) => {
        run = reduce(run, progress(index + 1));
        const n = Math.max(1, index + 1 - lag);
        run = reduce(run, isSnapshot ? snapshot(n, limit) : progress(n));
      });
      assert.deepEqual(texts(run), linesTo(steps.length));
    }),
  );
});

test('a snapshot of a short history leaves the older lines that were seen', () => {
  const run = after(...[1, 2, 3, 4].map((n) => progress(n)), snapshot(6, 3));
  assert.deepEqual(texts(run), linesTo(6));
});

test('a gap is a rule across the log, once', () => {
  const run = after(progress(1), snapshot(9, 2, { gap: true }), progress(10));
  assert.deepEqual(texts(run), ['line 1', '-- gap', 'line 8', 'line 9', 'line 10']);
  assert.deepEqual(texts(after(progress(1), progress(3))), ['line 1', '-- gap', 'line 3']);
});

test('a gap with nothing in it: what was seen stays, marked; a new beginning goes on from there', () => {
  const nothing = snapshot(0, 0, { id: 0, ts: null, state: null, progress: null, gap: true });
  const expired = after(progress(1), progress(2), nothing);
  assert.deepEqual([expired.expired, expired.progress, expired.lines.length], [true, 0.5, 2]);
  assert.equal(reduce(expired, nothing), expired);
  const again = reduce(expired, progress(900, { progress: 0.1 }));
  assert.deepEqual([again.expired, again.attempt, again.progress], [false, 2, 0.1]);
});

test('a history that was rolled back and went on is believed: lower ids, newer events', () => {
  const run = after(progress(9), snapshot(4, 2, { ts: 60_000, log_times: [59_000, 60_000] }));
  assert.equal(run.id, FIRST + 4);
});

test('a fall of progress, and a run that re-opens, are a new attempt; a little disorder is not', () => {
  const steps: [Partial<Progress>, Partial<Progress>, number][] = [
    [{ progress: 0.5 }, { progress: 0.1 }, 2],
    [{ progress: 0.5 }, { progress: 0.48 }, 1],
    [{ state: 'FAILED', done: true }, { state: 'QA' }, 2],
    [{ state: 'FAILED', done: true }, { done: true, message: 'a word after the end' }, 1],
  ];
  for (const [first, second, attempt] of steps) {
    const run = after(progress(1, first), progress(2, second));
    assert.equal(run.attempt, attempt);
    assert.equal(texts(run).includes('-- retry'), attempt === 2);
  }
});

test('the stage in which a run failed is remembered, and data until there is newer', () => {
  const run = after(
    progress(1, { state: 'RENDERING', data: { url: '/a' } }),
    progress(2, { state: 'FAILED', done: true }),
  );
  assert.deepEqual([run.stage, run.state, run.done, run.data], ['RENDERING', 'FAILED', true, { url: '/a' }]);
});

test('the newest 500 lines are kept', () => {
  const run = Array.from({ length: 1_200 }, (_, index) => progress(index + 1)).reduce(reduce, emptyRun);
  assert.equal(run.lines.length, 500);
  assert.equal(run.lines.at(-1)?.text, 'line 1200');
});

test('states are known with the time they began, as long as someone saw it', () => {
  const run = after(
    snapshot(1, 500, { state: 'PLOT' }),
    progress(2, { state: 'PLOT' }),
    progress(3, { state: 'QA' }),
    progress(4, { state: 'END', done: true }),
  );
  assert.deepEqual(run.entered, [
    { state: 'PLOT', ts: 0 },
    { state: 'QA', ts: 3_000 },
  ]);
  assert.deepEqual(reduce(run, progress(5, { state: 'PLOT' })).entered, [{ state: 'PLOT', ts: 5_000 }]);
});

test('a snapshot tells who comes late when the states began', () => {
  const told = { states: ['PLOT', 'QA'], state_times: [1_000, 3_000] };
  const known = [
    { state: 'PLOT', ts: 1_000 },
    { state: 'QA', ts: 3_000 },
  ];
  assert.deepEqual(after(snapshot(4, 500, { ...told, state: 'END', done: true })).entered, known);
  const late = after(snapshot(4, 500, { ...told, state: 'QA' }));
  assert.deepEqual(late.entered, known);
  assert.deepEqual(reduce(late, progress(5, { state: 'MIX' })).entered, [
    ...known,
    { state: 'MIX', ts: 5_000 },
  ]);
  // Its history has none of them any more: what this reader saw stays.
  assert.deepEqual(reduce(late, snapshot(9, 2, { state: 'QA', gap: true })).entered, known);
});

test('attempts that are moments are counted as they are seen', () => {
  const moment = 1_795_697_915_314_747;
  const queued = after(progress(1, { message: 'queued' }));
  const first = reduce(queued, progress(2, { attempt: moment }));
  assert.deepEqual([first.attempt, texts(first).includes('-- retry')], [1, false]);
  const second = reduce(first, progress(3, { attempt: moment + 1_000_000 }));
  assert.deepEqual([second.attempt, texts(second).includes('-- retry')], [2, true]);
  assert.equal(after(snapshot(3, 500, { attempt: moment })).attempt, 1);
});

test('a higher attempt begins with nothing but its data and its log; what is counted stays until then', () => {
  const counting = { current: 12, total: 40, progress: 0.3, attempt: 0, data: { cover: '/1.png' } };
  const first = after(progress(1, counting), progress(2, { current: 13, attempt: 0 }));
  assert.deepEqual([first.current, first.total, first.attempt], [13, 40, 1]);
  const second = reduce(first, progress(3, { state: null, progress: null, attempt: 1 }));
  assert.deepEqual(
    [second.current, second.total, second.state, second.progress, second.attempt, second.data],
    [null, null, null, null, 2, { cover: '/1.png' }],
  );
  assert.deepEqual(texts(second), ['line 1', 'line 2', '-- retry', 'line 3']);
  // A reader who comes later is told by the snapshot alone.
  assert.equal(after(snapshot(3, 500, { attempt: 1 })).attempt, 2);
});

test('lines are kept as a terminal would show them', () => {
  const run = after(
    snapshot(1, 500, { logs: ['\x1b[31mone\x1b[0m'] }),
    progress(2, { message: ' 10%\r 20%' }),
    progress(3, { message: '\x1b[0m' }),
  );
  assert.deepEqual(texts(run), ['one', ' 20%']);
});
