// The start of the process, where it can't listen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProgram } from './support/program.ts';
import { startService } from './support/service.ts';

test('a port in use ends the start, and the log names the port and the variable', async (t) => {
  const service = await startService();
  t.after(() => service.stop('SIGKILL'));
  const { port } = service;
  const second = startProgram(process.execPath, ['dist/main.js'], {
    env: { PATH: process.env.PATH, PORT: String(port), HOST: '127.0.0.1' },
  });
  assert.equal((await second.exited).code, 1);
  const { msg } = JSON.parse(second.lines[0] ?? '{}');
  assert.equal(msg, `can not listen on 127.0.0.1:${port}: the port is in use; PORT names another one`);
});
