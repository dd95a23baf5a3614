// The unit for a server of one's own, as systemd itself judges it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** Of 10. 9.6 is a service that says nothing of it. */
const MOST_EXPOSED = 1.5;

test('systemd understands the unit, and finds that it may do little', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-unit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const unit = join(folder, 'run-progress.service');
  const text = readFileSync('scripts/systemd/run-progress.service', 'utf8');
  // Where Node is on this machine.
  writeFileSync(unit, text.replace('/usr/bin/node', process.execPath));
  execFileSync('systemd-analyze', ['verify', unit], { stdio: 'pipe' });
  const report = execFileSync('systemd-analyze', ['security', '--offline=true', '--no-pager', unit], {
    encoding: 'utf8',
  });
  const exposure = Number(/exposure level for \S+: ([\d.]+)/.exec(report)?.[1]);
  assert.ok(exposure <= MOST_EXPOSED, `exposed by ${exposure}`);
});
