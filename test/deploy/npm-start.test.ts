// `npm start` as platforms and containers use it: a signal that npm gets must end the service in order.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type Program, startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';
import { openSse } from '../support/sse-reader.ts';

interface Started {
  program: Program;
  url: string;
}

/** Debian's shell for scripts, which stays between npm and what it starts unless the script says `exec`. */
async function startByNpm(command: string, args: readonly string[]): Promise<Started> {
  const port = String(await freePort());
  const program = startProgram(command, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PORT: port, npm_config_script_shell: '/bin/dash' },
  });
  await program.waitForLine('"listening"', (line) => line.includes('"msg":"listening'));
  return { program, url: `http://127.0.0.1:${port}/api/runs/one/events` };
}

/** The only process that this one has started. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
}

test('npm passes SIGTERM on to the service, which tells its readers and exits with 0', async (t) => {
  const { program, url } = await startByNpm('npm', ['start']);
  t.after(() => program.stop('SIGKILL'));
  const reader = await openSse(url);
  assert.deepEqual(await program.stop('SIGTERM'), { code: 0, signal: null });
  await reader.ended;
  assert.equal(reader.retries.length, 2, 'the reader was told when to come back');
  assert.ok(program.lines.some((line) => line.includes('"msg":"closing"')));
  await assert.rejects(fetch(url), 'nobody holds the port');
});

test('with npm as process 1 of a container SIGTERM ends the service in order', async (t) => {
  const { program, url } = await startByNpm('unshare', [
    ...['--pid', '--fork', '--kill-child', '--mount-proc'],
    ...['npm', 'start'],
  ]);
  t.after(() => program.stop('SIGKILL'));
  const reader = await openSse(url);
  process.kill(childOf(program.pid), 'SIGTERM');
  assert.deepEqual(await program.exited, { code: 0, signal: null });
  await reader.ended;
  assert.equal(reader.retries.length, 2);
});

test('one Ctrl-C under npm reaches the service twice, and still ends it in order', async (t) => {
  const { program, url } = await startByNpm('setsid', ['npm', 'start']);
  t.after(() => program.stop('SIGKILL'));
  const reader = await openSse(url);
  // A terminal signals the whole group, and npm passes on what it gets.
  process.kill(-program.pid, 'SIGINT');
  await program.exited;
  await reader.ended;
  assert.equal(reader.retries.length, 2);
  assert.ok(!program.lines.some((line) => line.includes('ended at once')), program.lines.join('\n'));
});
