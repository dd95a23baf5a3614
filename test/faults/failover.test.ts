// The Redis that everybody talks to dies, and a replica takes over: read-only at first, then promoted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startWatchedRun, watchRun } from '../support/watched-run.ts';

test('a read-only replica is waited for, and no marker is set there; promoted, it records', async (t) => {
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
  const markers: string[] = [];
  workerAfter.on('message', (_channel, text) => markers.push(text));
  await workerAfter.subscribe('autoshorts:marker');

  await master.kill();
  await run.untilUnready(/no connection to Redis/);
  proxy.switchTo(replica.port);
  await run.untilUnready(/Redis refuses the raw channel: .*READONLY/);
  await run.addReaders();
  await run.untilAllHave(20);
  assert.deepEqual(markers, []);
  await workerAfter.replicaof('NO', 'ONE');
  await run.untilReady();
  await run.publish(workerAfter, 20);
  assert.deepEqual(await run.assertRecovered(workerAfter), run.lines(1, 40, 'the end'));
});

test('what is heard from a master that was made a replica waits, and is recorded when it is the master again', async (t) => {
  const { worker, run } = await startWatchedRun(t);
  await run.begin(worker, 20);
  await worker.replicaof('127.0.0.1', 1);
  await run.publish(worker, 20);
  await run.untilUnready(/this Redis is a replica|READONLY/);
  await worker.replicaof('NO', 'ONE');
  assert.deepEqual(await run.assertRecovered(worker), run.lines(1, 40, 'the end'));
});
