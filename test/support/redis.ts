// A real redis-server on a free port, for one test or file.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { type Program, startProgram } from './program.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** A client of its own, connected. Ended by `stop`. */
  client(): Promise<Redis>;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** More arguments of redis-server; nothing is kept on disk unless they say so. */
  args?: readonly string[];
}

const ATTEMPTS = 5;

export async function startRedis({ args = [] }: RedisServerOptions = {}): Promise<RedisServer> {
  const { port, program } = await startOnFreePort(args);
  const clients: Redis[] = [];
  const url = `redis://127.0.0.1:${port}`;
  return {
    url,
    port,
    pid: program.pid,
    client: async () => {
      const client = new Redis(url, { lazyConnect: true });
      // A test that cuts connections or ends Redis expects errors here; commands reject on their own.
      client.on('error', () => {});
      clients.push(client);
      await client.connect();
      return client;
    },
    stop: async () => {
      for (const client of clients) client.disconnect();
      await program.stop('SIGKILL');
    },
  };
}

/** Somebody else may take the port between the look and the start: then another one. */
async function startOnFreePort(args: readonly string[]): Promise<{ port: number; program: Program }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const program = startProgram('redis-server', [
      ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', '/tmp'],
      ...args,
    ]);
    try {
      await program.waitForLine('"Ready to accept connections"', (line) => line.includes('Ready to accept'));
      return { port, program };
    } catch (error) {
      await program.stop('SIGKILL');
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
