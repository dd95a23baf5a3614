// What a Node process says that ends while updates wait.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../support/program.ts';
import { freePort } from '../support/redis.ts';

async function endWithWaiting(t: TestContext, logs: string[], options = '') {
  const url = new URL('../../src/publish/publisher.ts', import.meta.url);
  const code = `
    import { createPublisher } from ${JSON.stringify(fileURLToPath(url))};
    const publisher = createPublisher({ redisUrl: 'redis://127.0.0.1:${await freePort()}', ${options} });
    for (const log of ${JSON.stringify(logs)}) publisher.publish('r', { log });
    process.on('exit', () => console.log('the end'));
    process.exit(3);`;
  const program = startProgram(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  t.after(() => program.stop('SIGKILL'));
  const { code: exitCode } = await program.exited;
  return { exitCode, said: program.lines.filter((line) => /^RunProgress|^the end/.test(line)).sort() };
}

test('a process that ends while updates wait says how many are lost', async (t) => {
  for (const [logs, lost] of [
    [['a', 'b', 'c'], '3 updates'],
    [['a'], '1 update'],
  ] as const)
    assert.deepEqual((await endWithWaiting(t, [...logs])).said, [
      `RunProgress: the process ends, and Redis has not recorded ${lost}`,
      'the end',
    ]);
});

test('an onWarning that throws keeps no process from ending as it would', async (t) => {
  const { exitCode, said } = await endWithWaiting(t, ['a'], "onWarning: () => { throw 'bad'; }");
  assert.deepEqual(said, [
    "RunProgress: onWarning failed: 'bad'; it was told: the process ends, and Redis has not recorded 1 update",
    'the end',
  ]);
  assert.equal(exitCode, 3);
});
