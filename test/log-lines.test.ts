// Log lines for a person at a terminal: what a worker wrote must not drive it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLogLine } from '../src/log-lines.ts';

const CONTROLS = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((character) =>
  /\p{Cc}/u.test(character),
);

test('every control character is shown, not sent, wherever it stands', () => {
  assert.equal(CONTROLS.length, 65);
  for (const control of CONTROLS) {
    const text = `a${control}b`;
    const lines = [
      formatLogLine({ level: 40, time: 0, msg: 'text', detail: text }),
      formatLogLine({ level: 40, time: 0, msg: 'nested', detail: { of: [text] } }),
      formatLogLine({ level: 40, time: 0, msg: 'name', [text]: 1 }),
    ];
    for (const line of lines.slice(0, control === '\n' ? 2 : 3)) {
      assert.doesNotMatch(line.slice(0, -1), /\p{Cc}/u, JSON.stringify(line));
      assert.match(line, /a\\[\w"]+b/);
    }
  }
});

test('a message can not forge a line, and other text stays as it is', () => {
  const forged = formatLogLine({ level: 40, time: 0, msg: 'm', detail: 'x\n00:00:00 FATAL forged' });
  assert.equal(forged.indexOf('\n'), forged.length - 1);
  assert.match(forged, / {2}detail="x\\n00:00:00 FATAL forged"\n$/);
  assert.match(
    formatLogLine({ level: 30, time: 0, msg: 'm', run: '우주여행 🎉', n: 3 }),
    / {2}run=우주여행 🎉 {2}n=3\n$/,
  );
});

test('a stack keeps its lines, and nothing else that moves a cursor', () => {
  const line = formatLogLine({ level: 50, time: 0, msg: 'm', err: { stack: 'Error: \u001b[2J\n    at x' } });
  assert.match(line, /m\nError: \\u001b\[2J\n {4}at x\n$/);
});
