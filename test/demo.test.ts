// `npm run demo`, as a program: what it publishes, and what it says to whoever gives it something it can't use.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { startProgram } from './support/program.ts';
import { startService } from './support/service.ts';

async function runDemo(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const program = startProgram(process.execPath, ['dist/demo.js', ...args], {
    env: { PATH: process.env.PATH, ...env },
  });
  const { code } = await program.exited;
  return { code, lines: program.lines };
}

test('the demo publishes a whole run over HTTP', async (t) => {
  const service = await startService();
  t.after(() => service.stop('SIGKILL'));
  const { code, lines } = await runDemo(['--server', `${service.url}/`, '--run', 'demo', '--seconds', '0']);
  assert.equal(code, 0, lines.join('\n'));
  const run = await (await request(`${service.url}/api/runs/demo`)).body.json();
  const { state, progress, logs } = run as { state: string; progress: number; logs: string[] };
  assert.deepEqual([state, progress, logs.length], ['END', 1, 14]);
});

const refusals: [args: string[], env: NodeJS.ProcessEnv, said: string][] = [
  [
    ['--server', 'localhost:8000'],
    {},
    '--server must be a URL like http://localhost:8000, not "localhost:8000"',
  ],
  [['--server', 'foo'], {}, '--server must be a URL like http://localhost:8000, not "foo"'],
  [['--redis', 'localhost:6379'], {}, '--redis must be a redis:// or rediss:// URL'],
  [[], { REDIS_URL: 'http://:secret@localhost' }, 'REDIS_URL must be a redis:// or rediss:// URL'],
  [['--seconds', '1 h'], {}, '--seconds must be a number from 0 to 86400'],
];
for (const [args, env, said] of refusals)
  test(`the demo refuses ${[...args, ...Object.keys(env)].join(' ')} before it publishes`, async () => {
    const { code, lines } = await runDemo(args, env);
    assert.deepEqual([code, lines[0]], [1, said]);
  });
