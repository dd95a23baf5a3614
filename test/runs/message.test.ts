// What a message may hold, and what becomes of one that holds something else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_MESSAGE_BYTES, MAX_RAW_BYTES, parseMessage } from '../../src/runs/message.ts';
import type { Update } from '../../src/runs/update.ts';

/** A message of run "r" with these members, as the text of each value. */
function parsed(members: string): { update: Update; bad: string[] } {
  const message = parseMessage(`{"run_id":"r",${members}}`);
  assert.ok(message.ok, members);
  return { update: message.update, bad: message.bad.map(({ field }) => field) };
}

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test('valid fields are taken as they are', () => {
  const valid: [string, Update][] = [
    ['"state":"QA"', { state: 'QA' }],
    [`"state":"${'가'.repeat(64)}"`, { state: '가'.repeat(64) }],
    [`"state":"${'🎉'.repeat(64)}"`, { state: '🎉'.repeat(64) }],
    ['"progress":0', { progress: 0 }],
    ['"progress":1', { progress: 1 }],
    ['"progress":0.1234567890123456', { progress: 0.1234567890123456 }],
    ['"log":""', { log: '' }],
    ['"log":"a\\nb\\u0000"', { log: 'a\nb\0' }],
    ['"data":{}', { data: {} }],
    ['"data":{"list":[],"big":1e300}', { data: { list: [], big: 1e300 } }],
    ['"unknown":1,"type":"x","id":9', {}],
    ['"state":null,"progress":null,"log":null,"data":null', {}],
  ];
  for (const [members, update] of valid) assert.deepEqual(parsed(members), { update, bad: [] }, members);
});

test('a bad field is left out and named, the rest is kept', () => {
  const bad: [string, string][] = [
    ['"state":""', 'state'],
    ['"state":1', 'state'],
    ['"state":["QA"]', 'state'],
    [`"state":"${'x'.repeat(65)}"`, 'state'],
    ['"state":"a\\nb"', 'state'],
    ['"state":"\\u0085"', 'state'],
    ['"state":"\\u007f"', 'state'],
    ['"progress":"0.5"', 'progress'],
    ['"progress":true', 'progress'],
    ['"progress":-0.00001', 'progress'],
    ['"progress":1.051', 'progress'],
    ['"progress":50', 'progress'],
    ['"progress":NaN', 'progress'],
    ['"progress":Infinity', 'progress'],
    ['"progress":-Infinity', 'progress'],
    ['"progress":1e999', 'progress'],
    ['"log":1', 'log'],
    ['"log":{}', 'log'],
    ['"data":[]', 'data'],
    ['"data":"text"', 'data'],
    ['"data":{"a":NaN}', 'data'],
    ['"data":{"a":[{"b":-Infinity}]}', 'data'],
    ['"data":{"a":1e999}', 'data'],
    [`"data":{"a":"${'x'.repeat(16_384)}"}`, 'data'],
  ];
  for (const [members, field] of bad) {
    const kept = field === 'log' ? '"state":"KEPT"' : '"log":"kept"';
    const { update, bad: named } = parsed(`${members},${kept}`);
    assert.deepEqual(named, [field], members);
    assert.deepEqual(update, field === 'log' ? { state: 'KEPT' } : { log: 'kept' }, members);
  }
  assert.deepEqual(parsed('"state":"","progress":2,"log":3,"data":4').bad, [
    'state',
    'progress',
    'log',
    'data',
  ]);
});

test('progress a rounding error outside of its range is clamped', () => {
  for (const [text, progress] of [
    ['1.0000000000000002', 1],
    ['1.000001', 1],
    ['-1e-7', 0],
    ['-0.000001', 0],
    ['-0', 0],
  ] as const) {
    const { update } = parsed(`"progress":${text}`);
    assert.ok(Object.is(update.progress, progress), text);
  }
});

test('a log of 8,192 characters is whole, a longer one is cut and ends in …', () => {
  for (const character of ['x', '가', '🎉']) {
    const whole = character.repeat(8192);
    assert.equal(parsed(`"log":"${whole}"`).update.log, whole);
    const cut = parsed(`"log":"${whole}x"`).update.log ?? '';
    assert.equal([...cut].length, 8192);
    assert.equal(cut, `${character.repeat(8191)}…`);
  }
  assert.ok((parsed(`"log":"${'a'.repeat(8190)}🎉🎉🎉"`).update.log ?? '').isWellFormed());
});

test('data of 16 KiB is whole', () => {
  const data = `{"a":"${'x'.repeat(16_384 - 8)}"}`;
  assert.equal(data.length, 16_384);
  assert.deepEqual(parsed(`"data":${data}`).bad, []);
  assert.deepEqual(parsed(`"data":{"a":"${'x'.repeat(16_384 - 7)}"}`).bad, ['data']);
});

test('a message nests 32 deep at most', () => {
  // The message is the first level, data the second.
  assert.deepEqual(parsed(`"data":{"a":${nested(30)}}`).bad, []);
  assert.deepEqual(parsed(`"data":{"a":${nested(31)}}`).bad, ['data']);
  assert.deepEqual(parsed(`"data":{"a":${nested(7000)}},"log":"kept"`), {
    update: { log: 'kept' },
    bad: ['data'],
  });
});

test('lone surrogates become U+FFFD wherever they are', () => {
  const message = parseMessage(
    '{"run_id":"r\\ud800","state":"\\udfff","log":"a\\ud83dz\\ud83c\\udf89","data":{"a":"\\ud800"}}',
  );
  assert.ok(message.ok);
  assert.equal(message.runId, 'r\ufffd');
  assert.equal(message.update.state, '\ufffd');
  assert.equal(message.update.log, 'a\ufffdz🎉');
});

test("Python's NaN spoils its field only, and the word in a log line stays", () => {
  const { update, bad } = parsed('"progress": NaN, "log": "loss is NaN, \\"NaN\\", -Infinity: NaN"');
  assert.deepEqual(update, { log: 'loss is NaN, "NaN", -Infinity: NaN' });
  assert.deepEqual(bad, ['progress']);
  assert.deepEqual(parsed('"a":NaN,"log":"ok"').update, { log: 'ok' }, 'in a field that nobody knows');
});

test('what is no object, no JSON, too large or without a valid run id is dropped, by its reason', () => {
  const dropped: [string, string][] = [
    ['', 'not-json'],
    ['{', 'not-json'],
    ["{'run_id':'r'}", 'not-json'],
    ['{"run_id":"r",}', 'not-json'],
    ['{"run_id":"r","progress":nan}', 'not-json'],
    ['{"run_id":"r","progress":xNaN}', 'not-json'],
    ['{"run_id":"r"} NaN', 'not-json'],
    ['null', 'not-an-object'],
    ['NaN', 'not-an-object'],
    ['"text"', 'not-an-object'],
    ['[{"run_id":"r"}]', 'not-an-object'],
    ['{}', 'bad-run-id'],
    ['{"run_id":null}', 'bad-run-id'],
    ['{"run_id":7}', 'bad-run-id'],
    ['{"run_id":""}', 'bad-run-id'],
    ['{"run_id":"a\\u0000"}', 'bad-run-id'],
    [`{"run_id":"${'x'.repeat(257)}"}`, 'bad-run-id'],
    [`{"run_id":"r","pad":"${'x'.repeat(MAX_MESSAGE_BYTES)}"}`, 'too-large'],
    [`{"run_id":"r","log":"x","pad":"${'가'.repeat(MAX_MESSAGE_BYTES / 3)}"}`, 'too-large'],
    [`{"run_id":"r","log":"${'x'.repeat(MAX_RAW_BYTES)}"}`, 'too-large'],
    [`{"run_id":"r","log":["${'x'.repeat(MAX_MESSAGE_BYTES)}"]}`, 'too-large'],
    [`{"run_id":"r","log":"${'x'.repeat(MAX_MESSAGE_BYTES)}`, 'too-large'],
  ];
  for (const [text, fault] of dropped)
    assert.deepEqual(parseMessage(text), { ok: false, fault }, text.slice(0, 60));
});

test('a message of 64 KiB to the byte is taken', () => {
  const head = '{"run_id":"r","pad":"';
  for (const [pad, bytes] of [
    ['x', 1],
    ['가', 3],
  ] as const) {
    const room = MAX_MESSAGE_BYTES - head.length - 2;
    const text = `${head}${pad.repeat(Math.floor(room / bytes))}${'x'.repeat(room % bytes)}"}`;
    assert.equal(Buffer.byteLength(text), MAX_MESSAGE_BYTES);
    assert.equal(parseMessage(text).ok, true);
    assert.deepEqual(parseMessage(text.replace('"}', 'x"}')), { ok: false, fault: 'too-large' });
  }
});

test('a message that is too large only because of its log has the log cut', () => {
  for (const [line, spelled] of [
    ['x', 'x'],
    ['가', '가'],
    ['가', '\\uac00'],
    ['\n', '\\n'],
  ] as const) {
    const message = parseMessage(`{"run_id":"r","state":"FAILED","log":"${spelled.repeat(70_000)}"}`);
    assert.ok(message.ok, spelled);
    assert.deepEqual(message.bad, []);
    assert.equal(message.update.state, 'FAILED');
    assert.equal(message.update.log, `${line.repeat(8191)}…`);
  }
});

test('counters and attempts are numbers within their limits, and progress wins over counters', () => {
  const good = '"current":0,"total":0.000001,"advance":999999999999999,"attempt":9007199254740991';
  assert.deepEqual(parsed(good), { update: JSON.parse(`{${good}}`), bad: [] });
  assert.deepEqual(parsed('"current":-0.0,"attempt":-0').update, { current: 0, attempt: 0 });
  for (const [field, values] of [
    ['current', ['-1', '1e15', 'NaN', '"3"', 'true', '[3]']],
    ['total', ['0', '-5', '1e-7', 'Infinity', '"40"']],
    ['advance', ['0', '-1', '1e16', 'false']],
    ['attempt', ['-1', '1.5', '9007199254740992', '"1"', 'NaN']],
  ] as const)
    for (const value of values)
      assert.deepEqual(
        parsed(`"${field}":${value},"log":"x"`),
        { update: { log: 'x' }, bad: [field] },
        value,
      );
  assert.deepEqual(parsed('"progress":0.5,"current":3,"total":4,"advance":1'), {
    update: { progress: 0.5 },
    bad: ['current', 'total', 'advance'],
  });
  assert.deepEqual(parsed('"progress":NaN,"total":4'), { update: { total: 4 }, bad: ['progress'] });
});

test('no text makes it throw, and what it takes is within the limits', () => {
  const members = fc.dictionary(
    fc.constantFrom('run_id', 'state', 'progress', 'log', 'data', '__proto__', 'other'),
    fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), fc.double(), fc.constant(Number.NaN)),
  );
  // As Python writes it.
  const pythonText = members.map((value) =>
    JSON.stringify(value, (_key, item) => (Number.isNaN(item) ? '\u0000NaN' : item)).replaceAll(
      '"\\u0000NaN"',
      'NaN',
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), pythonText, fc.json()), (text) => {
      const message = parseMessage(text);
      if (!message.ok) return;
      const { state, progress, log } = message.update;
      assert.ok(
        message.runId.isWellFormed() && message.runId !== '' && Buffer.byteLength(message.runId) <= 256,
      );
      if (state !== undefined) assert.ok(state !== '' && state.isWellFormed() && [...state].length <= 64);
      if (progress !== undefined) assert.ok(progress >= 0 && progress <= 1);
      if (log !== undefined) assert.ok(log.isWellFormed() && [...log].length <= 8192);
    }),
    { numRuns: 2000 },
  );
});
