// The dashboard and the alert rules of scripts/monitoring: Prometheus reads them, and the service gives what they ask for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { request } from 'undici';
import { startService } from '../support/service.ts';

const FOLDER = 'scripts/monitoring';
const rules = readFileSync(join(FOLDER, 'alerts.yml'), 'utf8');
const dashboard: { panels: { targets: { expr: string }[] }[] } = JSON.parse(
  readFileSync(join(FOLDER, 'dashboard.json'), 'utf8'),
);
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** Throws if it finds a fault. */
function promtool(args: readonly string[], cwd = FOLDER) {
  execFileSync('promtool', args, { cwd, stdio: 'pipe' });
}

test('the alerts can be loaded, and fire when they should', () => {
  promtool(['check', 'rules', 'alerts.yml']);
  promtool(['test', 'rules', 'alerts.test.yml']);
});

test('the expressions of the dashboard are PromQL', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const recorded = expressions.map((expr, n) => ({ record: `panel_${n}`, expr }));
  // JSON is YAML.
  writeFileSync(
    join(folder, 'panels.yml'),
    JSON.stringify({ groups: [{ name: 'panels', rules: recorded }] }),
  );
  promtool(['check', 'rules', 'panels.yml'], folder);
});

test('the guide lists every metric of ours, and no other', async (t) => {
  const service = await startService();
  t.after(() => service.stop());
  const text = await (await request(`${service.url}/metrics`)).body.text();
  // prom-client's own are not listed one by one.
  const ours = [...text.matchAll(/^# TYPE (run_progress_(?!nodejs_|process_)\w+)/gm)].map(([, name]) => name);
  const guide = readFileSync('docs/monitoring.md', 'utf8');
  const listed = [...guide.matchAll(/^\| `(run_progress_(?!nodejs_|process_)\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), ours.sort());
});

test('the service gives every metric that they ask for', async (t) => {
  const service = await startService();
  t.after(() => service.stop());
  const text = await (await request(`${service.url}/metrics`)).body.text();
  // By its type where it has no sample yet, and by its samples: a histogram has several names.
  const given = new Set([...text.matchAll(/^(?:# TYPE )?(run_progress_\w+)/gm)].map(([, name]) => name));
  const asked = new Set([...`${rules} ${expressions}`.matchAll(/run_progress_\w+/g)].map(([name]) => name));
  assert.ok(asked.size > 10);
  assert.deepEqual(
    [...asked].filter((name) => !given.has(name)),
    [],
  );
});
