// What is shown, in words: every state, both languages, and what a screen reader hears on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleStates } from '../../public/page-states.js';
import { announcement } from '../../src/element/announcement.ts';
import type { ConnectionStatus } from '../../src/element/connection-status.ts';
import { formatDuration, formatPercent } from '../../src/element/duration.ts';
import { toMessage } from '../../src/element/message.ts';
import { reduce } from '../../src/element/reducer.ts';
import { emptyRun } from '../../src/element/run-state.ts';
import { defaultStages, stageEnds, stageIndex } from '../../src/element/stages.ts';
import { describe, type ViewInput, type ViewModel } from '../../src/element/view-model.ts';
import { phrase, wordsFor } from '../../src/element/words.ts';

const NOW = 1_763_800_600_000;

function view(name: string, language = 'ko', awayMs = 5_000): ViewModel {
  const example = exampleStates(NOW).find((each) => each.name === name);
  assert.ok(example, name);
  return viewOf(example, { name, language, awayMs });
}

interface Given {
  name?: string;
  language?: string;
  awayMs?: number;
  stages?: ViewInput['stages'];
  isManual?: boolean;
}

function viewOf(
  example: { messages: object[]; connection?: ConnectionStatus['phase'] },
  { name = '', language = 'en', awayMs = 5_000, ...given }: Given = {},
): ViewModel {
  const run = example.messages.reduce<typeof emptyRun>((state, value) => {
    const message = toMessage(value);
    assert.ok(message);
    return reduce(state, message);
  }, emptyRun);
  return describe({
    run,
    connection: { phase: example.connection ?? 'live', transport: 'stream', since: NOW - awayMs },
    now: NOW,
    clockOffsetMs: 0,
    words: wordsFor(language),
    stages: undefined,
    failedStates: ['FAILED'],
    remainingMs: name === 'estimated' ? 180_000 : null,
    isManual: false,
    isFull: true,
    isPageLoaded: true,
    ...given,
  });
}

test('every state has its look and its words', () => {
  const table: [string, ViewModel['look'], string, string][] = [
    ['waiting', 'waiting', '대기 중', 'Waiting to start'],
    ['running', 'running', '42%, 에셋 생성', '42%, Making assets'],
    ['estimated', 'running', '53%, 에셋 생성, 약 3분 남음', '53%, Making assets, about 3 min left'],
    ['unknown state', 'running', '90%, UPLOADING_TO_YOUTUBE', '90%, UPLOADING_TO_YOUTUBE'],
    ['silent', 'silent', '42%, 에셋 생성, 1분째 소식 없음', '42%, Making assets, Nothing heard for 1 min'],
    ['reconnecting', 'running', '42%, 에셋 생성, 다시 연결하는 중…', '42%, Making assets, Reconnecting…'],
    ['attempt 2', 'running', '10%, 플롯 생성, 두 번째 시도', '10%, Writing the plot, second attempt'],
    ['counting', 'running', '69%, 렌더링, 40개 중 12개', '69%, Rendering, 12 of 40'],
    ['done', 'done', '100%, 완료 · 2분 16초', '100%, Done in 2 min 16 sec'],
    ['failed', 'failed', '78%, 실패', '78%, Failed'],
    ['expired', 'expired', '42%, 기록이 만료되었습니다', '42%, No longer kept'],
    ['refused', 'expired', '서버가 거절했습니다', 'Refused by the server'],
  ];
  for (const [name, look, ko, en] of table) {
    assert.deepEqual(
      [view(name).look, view(name).valueText, view(name, 'en-GB').valueText],
      [look, ko, en],
      name,
    );
  }
});

test('a short loss of connection is nobody’s business', () => {
  assert.deepEqual(
    [view('reconnecting', 'en', 500).notice, view('reconnecting', 'en', 500).isAway],
    ['', true],
  );
});

test('a refused token is called so, and a token that is renewed at once is nobody’s business', () => {
  const refused = { messages: [], connection: 'unauthorized' as const };
  assert.equal(viewOf(refused).notice, 'Not allowed to see this run');
  assert.equal(viewOf(refused, { language: 'ko' }).notice, '이 작업을 볼 권한이 없습니다');
  assert.equal(viewOf(refused, { awayMs: 500 }).notice, '');
});

test('a failed run stopped in its stage, the rest is as it was', () => {
  const phases = view('failed').stages.map(({ phase }) => phase);
  assert.deepEqual(phases, ['past', 'past', 'failed', 'future', 'future']);
  assert.equal(view('failed').step, '3/5 · 렌더링');
});

test('stages are found by name, else by progress; their ends are given or even', () => {
  assert.equal(stageIndex(defaultStages, 'QA', 0.1), 3);
  assert.equal(stageIndex(defaultStages, 'ELSE', 0.7), 2);
  assert.equal(stageIndex(defaultStages, null, null), -1);
  assert.equal(stageIndex(defaultStages, 'ELSE', 1), 4);
  assert.deepEqual(stageEnds([{ state: 'A' }, { state: 'B', until: 0.9 }]), [0.5, 1]);
  assert.deepEqual(view('running').ticks, [0.2, 0.65, 0.8, 0.95]);
});

test('a reader hears of stages, the end, a failure and a silence, not of percents', () => {
  const running = view('running');
  const table: [ViewModel | undefined, ViewModel, string | undefined][] = [
    [undefined, running, undefined],
    [running, { ...running, percent: '43%', age: '1초 전' }, undefined],
    [running, view('unknown state'), 'UPLOADING_TO_YOUTUBE, 90%'],
    [running, view('silent'), '1분째 소식 없음'],
    [view('silent'), { ...view('silent'), notice: '2분째 소식 없음' }, undefined],
    [running, view('done'), '완료 · 2분 16초'],
    [view('waiting'), running, '에셋 생성, 42%'],
    // Two hundred rows are learned of at load: none of them has changed.
    [view('waiting', 'ko', 1_000), running, undefined],
    [{ ...view('waiting'), isAway: true, isWaitedFor: false }, view('done'), undefined],
    // Steps that take longer than a silence: what it is doing has been said.
    [view('silent'), running, undefined],
    [view('silent'), view('attempt 2'), '플롯 생성, 두 번째 시도, 10%'],
  ];
  for (const [before, after, spoken] of table) assert.equal(announcement(before, after), spoken);
  assert.equal(announcement(running, view('done'), '고래의 하루'), '고래의 하루, 완료 · 2분 16초');
  assert.match(announcement(running, view('failed')) ?? '', /^실패, 렌더링 실패/);
});

test('durations are two units at most, percents are cut', () => {
  const table: [number, string, string][] = [
    [0, '0초', '0 sec'],
    [42_900, '42초', '42 sec'],
    [492_000, '8분 12초', '8 min 12 sec'],
    [480_000, '8분', '8 min'],
    [3_600_000 + 300_000, '1시간 5분', '1 hr 5 min'],
    [90_000_000, '1일 1시간', '1 day 1 hr'],
    [-5, '0초', '0 sec'],
  ];
  for (const [ms, ko, en] of table)
    assert.deepEqual([formatDuration('ko', ms), formatDuration('en', ms)], [ko, en]);
  assert.equal(formatDuration('en', 492_000, 1), '8 min');
  assert.deepEqual(
    [0.999, 0.29, 1].map((value) => formatPercent('en', value)),
    ['99%', '29%', '100%'],
  );
});

test('words are the page’s own where it has some', () => {
  const words = wordsFor('fr', { done: 'Fini', stages: { A: ['a', 'Aaa'] } });
  assert.deepEqual(
    [words.done, words.failed, words.stages.A?.[1], words.stages.QA?.[0]],
    ['Fini', 'Failed', 'Aaa', 'QA'],
  );
  assert.equal(phrase('{n} of {m}', { n: 1 }), '1 of {m}');
});

const event = (id: number, ago: number, fields: object) => ({
  type: 'progress',
  run_id: 'a',
  id,
  ts: NOW - ago,
  ...fields,
});

test('the built-in row is for runs that use its states, seen at any time', () => {
  const row = (messages: object[], given?: Given) =>
    viewOf({ messages }, given).stages.map(({ label }) => label);
  const uploading = event(2, 1, { state: 'UPLOADING', progress: 0.9 });
  assert.deepEqual(row([]), []);
  assert.deepEqual(row([uploading]), []);
  assert.deepEqual(row([event(1, 2, { progress: 0.5 })]), []);
  // END ends everyone's runs.
  assert.deepEqual(row([event(1, 2, { state: 'BAKING' }), event(2, 1, { state: 'END', done: true })]), []);
  assert.equal(row([event(1, 2, { state: 'QA' }), uploading]).length, 5);
  assert.deepEqual(row([], { stages: [{ state: 'UPLOADING' }] }), ['UPLOADING']);
});

test('the step names what the title doesn’t', () => {
  assert.equal(view('running', 'en').step, '2/5 · next: Rendering');
  assert.equal(view('failed', 'en').step, '3/5 · Rendering');
  const only = [{ state: 'QA' }];
  assert.equal(viewOf({ messages: [event(1, 1, { state: 'QA' })] }, { stages: only }).step, '1/1');
  assert.equal(viewOf({ messages: [] }, { stages: only }).step, 'next: QA');
  assert.equal(viewOf({ messages: [], connection: 'refused' }, { stages: only }).step, '');
});

test('finished stages show how long they took, where that is known exactly', () => {
  const took = (name: string) => view(name, 'en').stages.map((stage) => stage.took);
  assert.deepEqual(took('counting'), ['46 sec', '2 min 32 sec', '', '', '']);
  // A reader who comes after the end is told by the snapshot, if it tells when the stages began.
  assert.deepEqual(took('done'), ['27 sec', '1 min', '41 sec', '8 sec', '']);
  assert.deepEqual(took('attempt 2'), ['', '', '', '', '']);
  const twice = [
    event(1, 90_000, { state: 'QA' }),
    event(2, 80_000, { state: 'RENDERING' }),
    event(3, 30_000, { state: 'QA' }),
    event(4, 10_000, { state: 'END', done: true }),
  ];
  assert.deepEqual(
    viewOf({ messages: twice }).stages.map((stage) => stage.took),
    ['', '', '50 sec', '30 sec', ''],
  );
});

test('after a while a run that nobody has heard of is called so, unless the page feeds it', () => {
  const waiting = { messages: [] };
  assert.equal(viewOf(waiting).notice, '');
  assert.equal(viewOf(waiting, { awayMs: 30_000 }).notice, 'No such run yet');
  assert.equal(viewOf(waiting, { awayMs: 30_000, isManual: true }).notice, '');
});
