// The built service as a process of its own, so that it can be killed and come back.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

export interface ServiceProcess {
  readonly url: string;
  /** Records an update over HTTP; resolves when it is recorded. */
  publish(run: string, update: object): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** On the same port. */
  start(): Promise<void>;
}

/** In memory unless `environment` names a Redis. */
export async function startService(environment: Record<string, string> = {}): Promise<ServiceProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const { PATH = '' } = process.env;
    const env = { PATH, PORT: String(port), HOST: '127.0.0.1', LOG_LEVEL: 'info', ...environment };
    const started = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    let output = '';
    for await (const chunk of started.stdout) {
      output += chunk;
      if (output.includes('listening on')) break;
    }
    if (!output.includes('listening on')) throw new Error(`the service did not start: ${output}`);
    while ((await fetch(`${url}/readyz`)).status !== 200);
  }

  await start();
  return {
    url,
    start,
    async publish(run, update) {
      const response = await fetch(`${url}/api/runs/${encodeURIComponent(run)}/events`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(update),
      });
      if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
    },
    async kill(signal = 'SIGKILL') {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
