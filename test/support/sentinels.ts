// A Redis master with replicas, and the sentinels that watch over it: on free ports, gone with the test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pollUntil } from './poll-until.ts';
import { type Program, startProgram } from './program.ts';
import { freePort, type RedisServer, startRedis } from './redis.ts';

export interface Sentinels {
  /** For REDIS_URL. */
  readonly url: string;
  /** The master and its replicas, as they were in the beginning. */
  readonly servers: readonly RedisServer[];
  /** Whom the first sentinel names. */
  master(): Promise<RedisServer>;
  /** SENTINEL FAILOVER: the master lives, and is told some seconds later that it is none any more. */
  failOver(): Promise<void>;
  /** A connection to the master of the moment. */
  client(): Promise<Redis>;
  /** A connection of a bare publisher, that asks the sentinels for the master. */
  worker(): Promise<Redis>;
  /** Fulfilled when another than this one is the master. */
  untilReplaced(old: RedisServer): Promise<RedisServer>;
  stop(): Promise<void>;
}

const NAME = 'mymaster';

export async function startSentinels(): Promise<Sentinels> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-sentinels-'));
  const first = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  const replicas = await Promise.all(
    [1, 2].map(() => startRedis({ args: ['--replicaof', '127.0.0.1', String(first.port)] })),
  );
  const servers = [first, ...replicas];
  const ports = await Promise.all([1, 2, 3].map(freePort));
  const programs = await Promise.all(ports.map((port) => startSentinel(folder, port, first.port)));
  const askers = ports.map((port) => new Redis({ port, host: '127.0.0.1' }));
  const workers: Redis[] = [];
  const clients = new Map<RedisServer, Redis>();
  for (const asker of askers) asker.on('error', () => {});
  const [asked] = askers as [Redis];

  async function master(): Promise<RedisServer> {
    const [, port] = (await asked.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as [string, string];
    const server = servers.find((one) => one.port === Number(port));
    if (!server) throw new Error(`the sentinels name port ${port}`);
    return server;
  }

  await pollUntil('sentinels that know all servers and each other', async () => {
    const known = await Promise.all(askers.map((asker) => asker.call('SENTINEL', 'MASTER', NAME)));
    return known.every((reply) => {
      const fields = reply as string[];
      const field = (name: string) => fields[fields.indexOf(name) + 1];
      return field('num-slaves') === '2' && field('num-other-sentinels') === '2';
    });
  });
  return {
    url: `redis+sentinel://${ports.map((port) => `127.0.0.1:${port}`).join()}/${NAME}/0`,
    servers,
    master,
    failOver: async () => {
      // A sentinel refuses until it has found the replicas good, and has got over the last failover.
      await pollUntil('a failover', () =>
        asked.call('SENTINEL', 'FAILOVER', NAME).then(
          () => true,
          () => false,
        ),
      );
    },
    client: async () => {
      const server = await master();
      const client = clients.get(server) ?? (await server.client());
      clients.set(server, client);
      return client;
    },
    worker: async () => {
      const sentinels = ports.map((port) => ({ host: '127.0.0.1', port }));
      // It repeats nothing: a PUBLISH that is sent again is two messages.
      const once = { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 };
      const worker = new Redis({ sentinels, name: NAME, lazyConnect: true, ...once });
      worker.on('error', () => {});
      workers.push(worker);
      await worker.connect();
      return worker;
    },
    untilReplaced: async (old) =>
      pollUntil('another master', async () => {
        const now = await master();
        return now !== old && now;
      }),
    stop: async () => {
      for (const client of [...askers, ...workers]) client.disconnect();
      for (const program of programs) await program.stop('SIGKILL');
      for (const server of servers) await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startSentinel(folder: string, port: number, masterPort: number): Promise<Program> {
  const file = join(folder, `${port}.conf`);
  writeFileSync(
    file,
    [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2`,
      `sentinel down-after-milliseconds ${NAME} 1000`,
      `sentinel failover-timeout ${NAME} 4000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ].join('\n'),
  );
  const program = startProgram('redis-server', [file, '--sentinel']);
  await program.waitForLine('the sentinel', (line) => line.includes('+monitor'));
  return program;
}
