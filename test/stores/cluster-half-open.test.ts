// A connection to a node of a cluster that passes nothing any more, and makes no error.
import { test } from 'node:test';
import { startCluster } from '../support/cluster.ts';
import { pollUntil } from '../support/poll-until.ts';
import { readiness } from '../support/readiness.ts';
import { startService } from '../support/service.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

test('a connection for raw messages that hangs is told by /readyz', async (t) => {
  const cluster = await startCluster();
  t.after(cluster.stop);
  // On a machine that is busy otherwise a master may answer the others late: it stays the master.
  for (const server of cluster.servers)
    await cluster.clientOf(server).config('SET', 'cluster-replica-no-failover', 'yes');
  const home = await cluster.masterOf('autoshorts:marker');
  const proxy = await startTcpProxy(home.port);
  t.after(proxy.close);
  await cluster.clientOf(home).config('SET', 'cluster-announce-port', proxy.port);
  await pollUntil('nodes that all know the new port', async () => {
    const answers = await Promise.all(
      cluster.servers.map(async (server) => String(await cluster.clientOf(server).cluster('NODES'))),
    );
    return answers.every((nodes) => nodes.includes(`:${proxy.port}@`));
  });
  const service = await startService({ REDIS_URL: cluster.url });
  t.after(() => service.stop('SIGKILL'));
  // The nodes may connect to each other anew after the change, and the service with them: so each connection is made to hang.
  await pollUntil('the hanging connection in the answer of /readyz', async () => {
    proxy.freeze('run-progress-raw');
    const { reason } = await readiness(service.url);
    return /does not answer on the connection for raw messages/.test(reason);
  });
});
