// A real Redis on a port of its own, that can be killed and started again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export interface RedisProcess {
  port: number;
  url: string;
  /** Fulfilled when it takes connections. */
  start(): Promise<void>;
  /** SIGKILL; fulfilled when it is gone. */
  kill(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** One command, over a connection of its own. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
  /** Ends it, and removes its files. */
  close(): Promise<void>;
}

// A test file that ends early must not leave its servers behind.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** `isDurable`: what it has answered survives `kill`; without, it starts empty. */
export async function startRedis({ isDurable = true } = {}): Promise<RedisProcess> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'run-progress-'));
  // By default Redis answers before it has written what came while its last fsync was under way.
  const durability = ['--appendonly', isDurable ? 'yes' : 'no', '--appendfsync', 'always', '--save', ''];
  let child: ChildProcess | null = null;

  async function start() {
    const started = spawn('redis-server', [
      '--port',
      `${port}`,
      '--bind',
      '127.0.0.1',
      '--dir',
      folder,
      ...durability,
    ]);
    child = started;
    running.add(started);
    started.once('exit', () => running.delete(started));
    let output = '';
    await new Promise<void>((resolve, reject) => {
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Ready to accept connections')) resolve();
      });
      started.once('exit', () => reject(new Error(`redis-server ended: ${output}`)));
    });
  }

  async function kill() {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async function command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const client = new Redis(port, { lazyConnect: true, maxRetriesPerRequest: 0 });
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    start,
    kill,
    signal: (name) => child?.kill(name),
    command,
    close: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}
