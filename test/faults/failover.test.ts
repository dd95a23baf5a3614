// The Redis that everybody talks to dies, and a replica takes over: read-only at first, then promoted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { watchRun } from '../support/watched-run.ts';

test('what a read-only replica refused is recorded when it is promoted, in order', async (t) => {
  const master = await startRedis();
  t.after(master.stop);
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  t.after(replica.stop);
  const proxy = await startTcpProxy(master.port);
  t.after(proxy.close);
  const worker = await master.client();
  const workerAfter = await replica.client();
  const run = await watchRun(t, proxy);
  await run.begin(worker, 20);
  await pollUntil('20 events at the replica', async () => {
    return (await workerAfter.llen(`autoshorts:run:${run.runId}`)) === 20;
  });

  await master.kill();
  await run.untilUnready(/no connection to Redis/);
  proxy.switchTo(replica.port);
  await run.untilUnready(/this Redis is a replica/);
  await run.publish(workerAfter, 20);
  await run.untilUnready(/updates can't be recorded: .*READONLY/);
  await run.addReaders();
  await run.untilAllHave(20);
  await workerAfter.replicaof('NO', 'ONE');
  assert.deepEqual(await run.assertRecovered(workerAfter), run.lines(1, 40, 'the end'));
});
