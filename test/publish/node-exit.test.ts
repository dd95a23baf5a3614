// What a Node process says that ends while updates wait.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';

async function saidAtExit(t: TestContext, logs: string[]) {
  const url = new URL('../../src/publish/publisher.ts', import.meta.url);
  const code = `
    import { createPublisher } from ${JSON.stringify(fileURLToPath(url))};
    const publisher = createPublisher({ redisUrl: 'redis://127.0.0.1:${await freePort()}' });
    for (const log of ${JSON.stringify(logs)}) publisher.publish('r', { log });
    process.exit();`;
  const program = startProgram(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  t.after(() => program.stop('SIGKILL'));
  await program.exited;
  return program.lines.filter((line) => line.startsWith('RunProgress'));
}

test('a process that ends while updates wait says how many are lost', async (t) => {
  assert.deepEqual(await saidAtExit(t, ['a', 'b', 'c']), [
    'RunProgress: the process ends, and Redis has not recorded 3 updates',
  ]);
  assert.deepEqual(await saidAtExit(t, ['a']), [
    'RunProgress: the process ends, and Redis has not recorded 1 update',
  ]);
});
