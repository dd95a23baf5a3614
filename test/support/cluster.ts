// A Redis cluster of three masters with a replica each, on free ports, gone with the test.
import { Cluster, type Redis } from 'ioredis';
import { pollUntil } from './poll-until.ts';
import { freePort, type RedisServer, startRedis } from './redis.ts';

export interface RedisCluster {
  /** For REDIS_URL: one node, or all of them. */
  readonly url: string;
  readonly urlOfAll: string;
  readonly servers: readonly RedisServer[];
  /** A client of the whole, and one of each server. */
  readonly client: Cluster;
  clientOf(server: RedisServer): Redis;
  /** The masters of the moment. */
  masters(): Promise<RedisServer[]>;
  /** The master that has this key. */
  masterOf(key: string): Promise<RedisServer>;
  /** Moves the slot of this key to that master, or to another one. Fulfilled with it when all masters know. */
  moveSlotOf(key: string, to?: RedisServer): Promise<RedisServer>;
  /** The first of these keys that isn't on the server that `url` names. */
  keyElsewhere(keys: readonly string[]): Promise<string>;
  /** Fulfilled when a replica has taken the place of a master that was killed. */
  untilReplaced(old: RedisServer): Promise<void>;
  stop(): Promise<void>;
}

type SlotRange = [number, number, [string, number, string], ...unknown[]];

const SLOTS = 16_384;
const MASTERS = 3;
const NODE_TIMEOUT_MS = 1500;

export async function startCluster(): Promise<RedisCluster> {
  const servers = await Promise.all(Array.from({ length: 2 * MASTERS }, startNode));
  const clients = new Map<RedisServer, Redis>();
  for (const server of servers) clients.set(server, await server.client());
  const clientOf = (server: RedisServer) => {
    const client = clients.get(server);
    if (!client) throw new Error('no server of this cluster');
    return client;
  };
  await joinAll(servers, clientOf);
  const client = new Cluster(
    servers.map(({ port }) => ({ host: '127.0.0.1', port })),
    // It repeats nothing by itself: a PUBLISH that is sent again is two messages.
    { redisOptions: { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false }, lazyConnect: true },
  );
  client.on('error', () => {});
  await client.connect();

  async function ranges(): Promise<SlotRange[]> {
    const alive = servers.find((server) => clientOf(server).status === 'ready');
    if (!alive) throw new Error('no server of the cluster is alive');
    return (await clientOf(alive).cluster('SLOTS')) as unknown as SlotRange[];
  }

  const serverAt = (port: number) => {
    const server = servers.find((one) => one.port === port);
    if (!server) throw new Error(`the cluster names port ${port}`);
    return server;
  };
  const masters = async () => [...new Set((await ranges()).map(([, , [, port]]) => serverAt(port)))];
  const masterOf = async (key: string) => {
    const slot = Number(await client.cluster('KEYSLOT', key));
    const range = (await ranges()).find(([from, to]) => slot >= from && slot <= to);
    return serverAt(range?.[2][1] ?? 0);
  };
  async function moveSlotOf(key: string, wanted?: RedisServer): Promise<RedisServer> {
    const from = await masterOf(key);
    const all = await masters();
    const to = wanted ?? all.find((server) => server !== from) ?? from;
    const [source, target] = [clientOf(from), clientOf(to)];
    const [fromId, toId] = [await source.cluster('MYID'), await target.cluster('MYID')];
    const slot = Number(await client.cluster('KEYSLOT', key));
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const keys = (await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    if (keys.length > 0) await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5000, 'KEYS', ...keys);
    for (const one of [target, source]) await one.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    await pollUntil('all masters know', async () => {
      const known = await Promise.all(all.map((server) => clientOf(server).cluster('SLOTS')));
      return known.every((answer) =>
        (answer as unknown as SlotRange[]).some(
          ([first, last, [, , id]]) => slot >= first && slot <= last && id === toId,
        ),
      );
    });
    return to;
  }

  const urlOf = (some: readonly RedisServer[]) =>
    `redis://${some.map(({ port }) => `127.0.0.1:${port}`).join()}`;
  return {
    url: urlOf(servers.slice(0, 1)),
    urlOfAll: urlOf(servers),
    servers,
    client,
    clientOf,
    masters,
    masterOf,
    moveSlotOf,
    keyElsewhere: async (keys) => {
      for (const key of keys) if ((await masterOf(key)) !== servers[0]) return key;
      throw new Error('all keys are on one server');
    },
    untilReplaced: async (old) => {
      await pollUntil('a replica in the place of the master', async () => {
        const isThere = (await masters()).includes(old);
        return (
          !isThere && (await statesOf(servers, clientOf)).every((state) => state.includes('cluster_state:ok'))
        );
      });
    },
    stop: async () => {
      client.disconnect();
      for (const server of servers) await server.stop();
    },
  };
}

async function startNode(): Promise<RedisServer> {
  const busPort = await freePort();
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)];
  return startRedis({
    args: [...args, '--cluster-port', String(busPort), '--repl-diskless-sync-delay', '0'],
  });
}

async function joinAll(servers: readonly RedisServer[], clientOf: (server: RedisServer) => Redis) {
  const masters = servers.slice(0, MASTERS);
  for (const [i, server] of masters.entries()) {
    const client = clientOf(server);
    const from = Math.floor((SLOTS / MASTERS) * i);
    const to = Math.floor((SLOTS / MASTERS) * (i + 1)) - 1;
    await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await client.call('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  const [first] = servers as [RedisServer];
  const [, busPort] = (await clientOf(first).config('GET', 'cluster-port')) as [string, string];
  for (const server of servers.slice(1))
    await clientOf(server).call('CLUSTER', 'MEET', '127.0.0.1', first.port, busPort);
  await pollUntil('nodes that all know each other', async () =>
    (await statesOf(servers, clientOf)).every((state) =>
      state.includes(`cluster_known_nodes:${servers.length}`),
    ),
  );
  for (const [i, master] of masters.entries()) {
    const id = await clientOf(master).cluster('MYID');
    const replica = servers[i + MASTERS];
    if (replica)
      await pollUntil('a replica', () =>
        clientOf(replica)
          .call('CLUSTER', 'REPLICATE', id)
          .then(
            () => true,
            () => false, // It doesn't know that master yet.
          ),
      );
  }
  await pollUntil('a cluster that is well', async () => {
    const states = await statesOf(servers, clientOf);
    const replications = await Promise.all(masters.map((server) => clientOf(server).info('replication')));
    return (
      states.every((state) => state.includes('cluster_state:ok')) &&
      replications.every((text) => /slave0:.*state=online/.test(text))
    );
  });
}

function statesOf(servers: readonly RedisServer[], clientOf: (server: RedisServer) => Redis) {
  const ready = servers.map(clientOf).filter(({ status }) => status === 'ready');
  return Promise.all(ready.map(async (client) => String(await client.cluster('INFO'))));
}
