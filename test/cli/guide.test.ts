// The recipes of docs/terminal.md, run as they stand there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { guideBlock } from '../support/guide.ts';
import { publish } from '../support/publish.ts';
import { startService } from '../support/service.ts';

const service = await startService();
test.after(() => service.stop('SIGKILL'));
// As `npm install -g` puts it on the path.
const bin = mkdtempSync(join(tmpdir(), 'run-progress-'));
test.after(() => rmSync(bin, { recursive: true, force: true }));
symlinkSync(resolve('dist/cli.js'), join(bin, 'run-progress'));

function runScript(script: string, env: Record<string, string>): Promise<{ code: number; stdout: string }> {
  const all = { ...env, PATH: `${bin}:${process.env.PATH}`, RUN_PROGRESS_URL: service.url };
  return new Promise((done) => {
    execFile('sh', ['-c', script], { env: all }, (error, stdout) => {
      done({ code: error === null ? 0 : Number(error.code), stdout });
    });
  });
}

test('the CI recipe goes on after a run that ended well, and fails with one that failed', async () => {
  await publish(service, 'good', { state: 'END' });
  await publish(service, 'bad', { state: 'FAILED' });
  const good = await runScript(guideBlock('terminal', 'ci'), { RUN: 'good' });
  assert.deepEqual([good.code, good.stdout.trim().split('\n').at(-1)], [0, 'deploying']);
  const bad = await runScript(guideBlock('terminal', 'ci'), { RUN: 'bad' });
  assert.deepEqual([bad.code, bad.stdout.trim().split('\n').at(-1)], [1, 'the run did not end well (1)']);
});

test('the cron recipe reports its lines, its progress and its end', async () => {
  const { code } = await runScript(guideBlock('terminal', 'cron'), { TZ: 'UTC' });
  assert.equal(code, 0);
  const day = new Date().toISOString().slice(0, 10);
  const run = await (await request(`${service.url}/api/runs/nightly-${day}`)).body.json();
  const { state, progress, logs } = run as { state: string; progress: number; logs: string[] };
  assert.deepEqual([state, progress, logs], ['END', 1, ['[1/2] dump', '[2/2] copy']]);
});
