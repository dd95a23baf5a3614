// Messages as lines for people: what stands where, and that no text of a worker reaches a terminal as a command.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnsOf } from '../../src/delivery/columns.ts';
import { formatText, type TextMessage, visibleText } from '../../src/delivery/text-lines.ts';

const TS = new Date(2025, 10, 5, 14, 30, 2).getTime();
const event: TextMessage = {
  type: 'progress',
  run_id: '20251105_1430_우주여행고양이',
  ts: TS,
  state: 'PLOT_GENERATION',
  progress: 0.15,
  message: '시나리오 CSV 생성 완료',
};

test('an event is a line', () => {
  assert.equal(
    formatText(event),
    '14:30:02  ███░░░░░░░░░░░░░░░░░  15 %  PLOT_GENERATION   시나리오 CSV 생성 완료\n',
  );
});

const amounts: [fields: Partial<TextMessage>, shown: string][] = [
  [{ progress: 0 }, '░░░░░░░░░░░░░░░░░░░░   0 %'],
  [{ progress: 0.999 }, '███████████████████░  99 %'],
  [{ progress: 1 }, '████████████████████ 100 %'],
  [{ progress: 0.29 }, '█████░░░░░░░░░░░░░░░  29 %'],
  [{ progress: null }, '░░░░░░░░░░░░░░░░░░░░      '],
  [{ progress: 0.3, current: 12, total: 40 }, '██████░░░░░░░░░░░░░░ 12/40'],
  [{ progress: 0.075, current: 3, total: 40 }, '█░░░░░░░░░░░░░░░░░░░  3/40'],
  [{ progress: null, current: 7 }, '░░░░░░░░░░░░░░░░░░░░     7'],
  [{ progress: 0.5, current: 1.23456, total: 2.5 }, '██████████░░░░░░░░░░ 1.235/2.5'],
];
for (const [fields, shown] of amounts)
  test(`${JSON.stringify(fields)} is shown as "${shown}"`, () => {
    const line = formatText({ ...event, ...fields });
    assert.ok(line.startsWith(`14:30:02  ${shown}  PLOT_GENERATION`), line);
  });

const attempts: [fields: Partial<TextMessage>, shown: string][] = [
  [{}, ''],
  [{ attempt: 0 }, ''],
  [{ attempt: 1 }, 'second attempt  '],
  [{ attempt: 2 }, 'attempt 3  '],
  // `tracked` gives a moment: it says which of two came later, and not how many there were.
  [{ attempt: 1_763_800_000_000_000 }, ''],
  [{ attempt: 1, done: true }, ''],
];
for (const [fields, shown] of attempts)
  test(`${JSON.stringify(fields)} is shown as "${shown}" before the message`, () => {
    assert.ok(formatText({ ...event, ...fields }).endsWith(`PLOT_GENERATION   ${shown}${event.message}\n`));
  });

test('messages begin in one column, whatever the width of the state', () => {
  const states = ['QA', 'PLOT_GENERATION', '렌더링', '렌더링 🎬', null, '렌더링'.normalize('NFD')];
  const starts = states.map((state) => {
    const line = formatText({ ...event, state, message: '|' });
    return columnsOf(line.slice(0, line.indexOf('|')));
  });
  assert.deepEqual(new Set(starts), new Set([56]));
});

test('where several runs share the output each line names its run', () => {
  const line = (run_id: string) => formatText({ ...event, run_id, message: '' }, { runColumns: 8 });
  assert.equal(line('우주'), '14:30:02  우주      ███░░░░░░░░░░░░░░░░░  15 %  PLOT_GENERATION\n');
  assert.equal(line('ab'), '14:30:02  ab        ███░░░░░░░░░░░░░░░░░  15 %  PLOT_GENERATION\n');
});

test('a snapshot is its log and where the run is now', () => {
  const snapshot: TextMessage = {
    ...event,
    type: 'initial_state',
    logs: ['첫 줄', '둘째 줄'],
    log_times: [TS - 2000, TS],
  };
  const rest = ' '.repeat(46);
  const first = `14:30:00${rest}  첫 줄\n`;
  const bar = '14:30:02  ███░░░░░░░░░░░░░░░░░  15 %  PLOT_GENERATION';
  assert.equal(formatText(snapshot), `${first}${bar}   둘째 줄\n`);
  const quiet = { ...snapshot, log_times: [TS - 2000, TS - 1000] };
  assert.equal(formatText(quiet), `${first}14:30:01${rest}  둘째 줄\n${bar}\n`);
});

test('a gap is said, and so is a run that is no longer kept', () => {
  const gap: TextMessage = { ...event, type: 'initial_state', logs: [], log_times: [], gap: true };
  assert.match(formatText(gap), /^ {10}··· events are missing here ···\n14:30:02 {2}█/);
  const gone: TextMessage = { type: 'initial_state', run_id: 'r', ts: null, state: null, gap: true };
  assert.equal(formatText(gone), '          ··· nothing is kept of this run ···\n');
});

test('escapes and controls are shown, not sent', () => {
  assert.equal(visibleText('\u001b[2J\r\n\u0007\u007f'), '␛[2J␍␊␇␡');
  assert.equal(visibleText('\u009b31m \u202eevil\u2066 \u2028'), '\\u009b31m \\u202eevil\\u2066 \\u2028');
  assert.equal(visibleText('a\tb 우주 👩‍👩‍👧'), 'a b 우주 👩‍👩‍👧');
});

test('no text in any field makes a line of its own or moves a cursor', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, text, text, (run_id, state, message) => {
      const line = formatText({ ...event, run_id, state, message }, { runColumns: 8 });
      assert.equal(line.indexOf('\n'), line.length - 1);
      assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});
