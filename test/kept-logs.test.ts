// The search through the logs of a whole run: it finds each secret in every spelling, and nothing else.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { searchKeptLogs, secretsIn } from '../scripts/kept-logs.js';
import { keepSecret } from './support/kept-log.ts';
import { makeToken, SECRET } from './support/token.ts';

test('a token is found whole and in parts, of other secrets each spelling', async () => {
  const token = await makeToken({ run: 'r' });
  const [head = '', claims = '', signature = ''] = token.split('.');
  const quoted = 'a "quoted" pass/word';
  const secrets = [token, SECRET, quoted];
  for (const text of [token, head, claims, signature, SECRET, quoted, JSON.stringify({ quoted })])
    assert.equal(secretsIn(`{"msg":"one"}\n{"msg":"two ${text}."}\n`, secrets)[0]?.line, 2, text);
  assert.deepEqual(secretsIn(`redis://:${encodeURIComponent(quoted)}@host`, secrets), [
    { line: 1, what: encodeURIComponent(quoted) },
  ]);
});

test('what looks like a token is found though nobody has made it known', () => {
  for (const text of [
    '/api/runs/r?token=x',
    '{"cookie":"run_progress_token=x"}',
    'bearer abc',
    'eyJhbGciOiJI',
  ])
    assert.equal(secretsIn(text, []).length, 1, text);
  const log = '{"level":30,"ending":"its token expired","run":"eyJ"}\nmake one: run-progress token --run r\n';
  assert.deepEqual(secretsIn(log, []), []);
});

test('of a folder the file and the line are told, and how much was searched', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-logs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const secret = 'the secret of a test';
  writeFileSync(join(folder, 'a.secrets'), `${JSON.stringify(secret)}\n`.repeat(2));
  writeFileSync(join(folder, 'a.log'), 'one\n');
  writeFileSync(join(folder, 'b.log'), `one\ntwo\nthe ${secret}\n`);
  assert.deepEqual(searchKeptLogs(folder), {
    found: [{ file: join(folder, 'b.log'), line: 3, what: secret }],
    lineCount: 4,
    secretCount: 1,
  });
});

test('a secret that may stand in a log by chance is refused', () => {
  for (const value of ['secret', 'x'.repeat(32)]) assert.throws(() => keepSecret(value), TypeError);
});
