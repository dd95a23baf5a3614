// The package as a product: its entrances and types hold for every resolver, and what installs it gets no building tools.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

test('publint finds nothing', async () => {
  const { messages } = await publint({ pkgDir: ROOT, strict: true });
  assert.deepEqual(messages, []);
});

test('every entrance has types for Node and for bundlers', () => {
  const attw = join(ROOT, 'node_modules/.bin/attw');
  execFileSync(attw, ['--pack', ROOT, '--profile', 'esm-only', '--format', 'table-flipped'], {
    env: { ...process.env, npm_config_ignore_scripts: 'true' },
    stdio: 'pipe',
  });
});

test('what only building needs is no dependency of the package', () => {
  const tools = ['esbuild', 'terser', 'typescript', 'tsx'];
  assert.deepEqual(
    tools.filter((tool) => tool in dependencies),
    [],
  );
});
