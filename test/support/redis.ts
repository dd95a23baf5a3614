// A real redis-server on a free port, for one test or file.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { keepSecret } from './kept-log.ts';
import { type Program, startProgram } from './program.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** A client of its own, connected; it connects again whenever Redis is back. Ended by `stop`. */
  client(): Promise<Redis>;
  /** SIGKILL; fulfilled when it is gone. */
  kill(): Promise<void>;
  /** After `kill`, on the same port: with its data if it is durable, else empty. Fulfilled when it takes commands. */
  restart(): Promise<void>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  stop(): Promise<void>;
}

export interface RedisServerOptions {
  /** Whatever it has answered or announced survives `kill`. */
  isDurable?: boolean;
  /** More arguments of redis-server. */
  args?: readonly string[];
}

/** Of a Redis, or of a user, that needs one. */
export const REDIS_PASSWORD = keepSecret('the-password-of-a-redis');

const ATTEMPTS = 5;

export async function startRedis({
  isDurable = false,
  args = [],
}: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-redis-'));
  const allArgs = [
    ...['--bind', '127.0.0.1', '--save', '', '--dir', folder],
    ...(isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
    ...args,
  ];
  const started = await startOnFreePort(allArgs);
  const { port } = started;
  let { program } = started;
  const clients: Redis[] = [];
  const url = `redis://127.0.0.1:${port}`;
  const kill = async () => {
    await program.stop('SIGKILL');
  };
  return {
    url,
    port,
    get pid() {
      return program.pid;
    },
    client: async () => {
      const client = new Redis(url, { lazyConnect: true });
      // A test that cuts connections or ends Redis expects errors here; commands reject on their own.
      client.on('error', () => {});
      clients.push(client);
      await client.connect();
      return client;
    },
    kill,
    restart: async () => {
      program = await startOnPort(port, allArgs);
    },
    signal: (signal) => program.kill(signal),
    stop: async () => {
      for (const client of clients) client.disconnect();
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Somebody else may take the port between the look and the start: then another one. */
async function startOnFreePort(args: readonly string[]): Promise<{ port: number; program: Program }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    try {
      return { port, program: await startOnPort(port, args) };
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnPort(port: number, args: readonly string[]): Promise<Program> {
  const program = startProgram('redis-server', ['--port', String(port), ...args]);
  try {
    await program.waitForLine('"Ready to accept connections"', (line) => line.includes('Ready to accept'));
    return program;
  } catch (error) {
    await program.stop('SIGKILL');
    throw error;
  }
}

const FIRST_PORT = 10_000;
const PORTS = 22_000;

/**
 * Below the range from which the system takes the ports of outgoing connections: while a server is away for a restart,
 * nobody else gets its port, and a client that tries to reach it does not get connected to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // In use.
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
