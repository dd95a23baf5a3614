// What a Node process says that ends while updates wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';

test('a process that ends while updates wait says how many are lost', async (t) => {
  const url = new URL('../../src/publish/publisher.ts', import.meta.url);
  const code = `
    import { createPublisher } from ${JSON.stringify(fileURLToPath(url))};
    const publisher = createPublisher({ redisUrl: 'redis://127.0.0.1:${await freePort()}' });
    for (const log of ['a', 'b', 'c']) publisher.publish('r', { log });
    process.exit();`;
  const program = startProgram(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  t.after(() => program.stop('SIGKILL'));
  await program.exited;
  assert.deepEqual(
    program.lines.filter((line) => line.startsWith('RunProgress')),
    ['RunProgress: the process ends, and Redis has not recorded 3 updates'],
  );
});
