// What the promise of a Node publisher's `publish` says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createReceipts } from '../../src/publish/receipts.ts';
import { startProgram } from '../support/program.ts';
import { startNodeTrial } from './support/node-trial.ts';

test('true means that the update is in the history', async (t) => {
  const { read, publisher } = await startNodeTrial(t);
  for (let number = 1; number <= 50; number++) {
    assert.equal(await publisher.publish('r', { log: `line ${number}` }), true);
    assert.equal((await read('r')).length, number);
  }
  const many = Array.from({ length: 1000 }, () => publisher.publish('r', {}));
  assert.equal(new Set(many).size, 1, 'one turn of the event loop shares a promise');
  assert.equal(await many.at(-1), true);
  assert.equal(await publisher.publish('r', { log: 'again', key: 'k' }), true);
  assert.equal(await publisher.publish('r', { log: 'and again', key: 'k' }), true);
  assert.equal((await read('r')).at(-1)?.message, 'again');
});

test('false means that the update is left out, and nothing is thrown', async (t) => {
  const { client, publisher } = await startNodeTrial(t);
  assert.equal(await publisher.publish('', { log: 'x' }), false);
  await client.set('autoshorts:run:other', 'x');
  assert.equal(await publisher.publish('other', { log: 'x' }), false);
  assert.equal(await publisher.publish('r', { attempt: 2 }), true);
  assert.equal(await publisher.publish('r', { attempt: 1 }), false);
  await publisher.close();
  assert.equal(await publisher.publish('r', { log: 'x' }), false);
});

test('while Redis is away the promise is false after its time, and the update is recorded later', async (t) => {
  const { redis, read, publisher } = await startNodeTrial(t);
  assert.equal(await publisher.publish('r', { state: 'A' }), true);
  await redis.kill();
  const lines = Array.from({ length: 3000 }, (_, i) => publisher.publish('r', { log: `${i}` }));
  assert.equal(await publisher.publish('r', { state: 'END' }), false);
  assert.equal(await lines.at(-1), false);
  await redis.restart();
  assert.equal(await publisher.publish('r', { log: 'the last' }), true);
  assert.equal((await read('r')).at(-1)?.state, 'END');
});

test('an end that was awaited is recorded, though the process leaves at once', async (t) => {
  const { redis, read } = await startNodeTrial(t);
  const url = fileURLToPath(new URL('../../src/publish/publisher.ts', import.meta.url));
  const code = `
    import { createPublisher } from ${JSON.stringify(url)};
    const publisher = createPublisher({ redisUrl: ${JSON.stringify(redis.url)} });
    for (let i = 0; i < 100; i++) publisher.publish('r', { log: 'line' });
    console.log(await publisher.publish('r', { state: 'END' }));
    process.exit();`;
  const program = startProgram(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code]);
  t.after(() => program.stop('SIGKILL'));
  await program.exited;
  assert.deepEqual(program.lines, ['true']);
  const events = await read('r');
  assert.deepEqual([events.length, events.at(-1)?.state], [101, 'END']);
});

test('receipts are settled in order, and those of an update that was joined to a later one with it', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const receipts = createReceipts();
  const nextTurn = () => new Promise<void>(queueMicrotask);
  const first = receipts.expect('r', 1, 2000);
  const other = receipts.expect('other', 2, 2000);
  await nextTurn();
  const joined = receipts.expect('r', 3, 2000);
  await nextTurn();
  const third = receipts.expect('r', 4, 2000);
  const long = receipts.expect('r', 5, 30_000);
  receipts.settle('r', 1, false);
  receipts.settle('r', 4, true);
  assert.deepEqual(await Promise.all([first, joined, third]), [false, true, true]);
  t.mock.timers.tick(2000);
  assert.equal(await other, false);
  t.mock.timers.tick(28_000);
  assert.equal(await long, false);
});
