// The built program, as a process of its own.
import { request } from 'undici';
import { pollUntil } from './poll-until.ts';
import { type Exit, type Program, startProgram } from './program.ts';

export interface Service {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly program: Program;
  eventsUrl(runId: string): string;
  webSocketUrl(runId: string): string;
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

/** `env` is all of its environment, beside PATH. Fulfilled when it listens and says that it is ready. */
export async function startService(env: Readonly<Record<string, string>> = {}): Promise<Service> {
  const program = startProgram(process.execPath, ['dist/main.js'], {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', ...env },
  });
  try {
    const port = await program.waitForLine('"listening"', portIn);
    const url = `http://127.0.0.1:${port}`;
    await pollUntil(`readiness of ${url}`, () => isReady(url));
    return {
      url,
      port,
      pid: program.pid,
      program,
      eventsUrl: (runId) => `${url}/api/runs/${encodeURIComponent(runId)}/events`,
      webSocketUrl: (runId) => `ws://127.0.0.1:${port}/ws/${encodeURIComponent(runId)}`,
      stop: program.stop,
    };
  } catch (error) {
    await program.stop('SIGKILL');
    throw error;
  }
}

function portIn(line: string): number | undefined {
  const port = /"msg":"listening on http:\/\/[^:]+:(\d+)/.exec(line)?.[1];
  return port === undefined ? undefined : Number(port);
}

export async function isReady(url: string): Promise<boolean> {
  const { statusCode, body } = await request(`${url}/readyz`);
  await body.dump();
  return statusCode === 200;
}
