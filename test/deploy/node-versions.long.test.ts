// The main suites on every Node that the package says it works on, with the binaries that the registry ships.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { startProgram } from '../support/program.ts';

const run = promisify(execFile);

/** The oldest that `engines` names, and the newest of each line that is maintained. */
const VERSIONS = ['20.18.1', '22', '24', '26'];
const SUITES = [
  ...['test/config', 'test/http/', 'test/runs/', 'test/stores/', 'test/shutdown', 'test/startup'],
  'test/proxies/smuggling',
  ...['test/cli/watch', 'test/cli/exec', 'test/cli/publish', 'test/cli/http-call', 'test/cli/token'],
];

for (const version of VERSIONS)
  test(`the main suites pass on Node ${version}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'run-progress-node-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const name = `node-${process.platform}-${process.arch}`;
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefix', folder, `${name}@${version}`]);
    const node = join(folder, 'node_modules', name, 'bin', 'node');
    const { stdout } = await run(node, ['--version']);
    assert.ok(stdout.startsWith(`v${version}`), stdout);

    // What a test runner tells its children is not for one that runs tests by itself.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const tests = startProgram(node, ['scripts/test.js', ...SUITES], { env, isTestRun: true });
    t.after(() => tests.stop('SIGKILL'));
    const { code } = await tests.exited;
    const failed = tests.lines.slice(tests.lines.findIndex((line) => line.includes('failing tests')));
    assert.equal(code, 0, failed.join('\n'));
    t.diagnostic(
      `${stdout.trim()}: ${tests.lines.filter((line) => /^# (tests|pass) /.test(line)).join(', ')}`,
    );
  });
