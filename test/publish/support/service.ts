// The service as a process of its own, on a port of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface RunningService {
  url: string;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));

/** `environment` is all that it gets beside PATH. Fulfilled when it is ready. */
export async function startService(environment: Record<string, string> = {}): Promise<RunningService> {
  const child = spawn(process.execPath, ['--import', 'tsx', MAIN], {
    env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...environment },
  });
  const exited = once(child, 'exit');
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const port = /listening on http:\/\/[^:]+:(\d+)/.exec(output)?.[1];
      if (port) resolve(`http://127.0.0.1:${port}`);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    void exited.then(() => reject(new Error(`the service ended: ${output}`)));
  });
  while (!(await fetch(`${url}/readyz`)).ok);
  return {
    url,
    close: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/** All events of a run that is done, by its stream, from the oldest. */
export async function readStream(service: RunningService, runId: string) {
  const response = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}/events`, {
    headers: { 'Last-Event-ID': '0' },
  });
  const events = (await response.text()).matchAll(/^data: (\{.*)$/gm);
  return [...events].map(([, json = '']) => JSON.parse(json) as { id: number; message: string });
}
