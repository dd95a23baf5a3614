// What platforms do with the committed tree: npm run deploy-check.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProgram } from '../support/program.ts';

test('built as each platform builds it, the service runs, serves and ends in order', async (t) => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const check = startProgram('npm', ['run', 'deploy-check'], { env });
  t.after(() => check.stop('SIGKILL'));
  const { code } = await check.exited;
  assert.equal(code, 0, check.lines.join('\n'));
  for (const platform of ['heroku', 'render', 'docker', 'package', 'yarn', 'pnpm'])
    assert.ok(
      check.lines.some((line) => line.startsWith(platform) && line.includes('SIGTERM')),
      platform,
    );
});
