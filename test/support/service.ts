// The built program, as a process of its own.
import { type Exit, type Program, startProgram } from './program.ts';
import { untilReady } from './readiness.ts';

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
  const service = await launchService(env);
  try {
    await untilReady(service.url);
    return service;
  } catch (error) {
    await service.stop('SIGKILL');
    throw error;
  }
}

/** The same, fulfilled when it listens: Redis may be away. `runtime`: what runs it. */
export async function launchService(
  env: Readonly<Record<string, string>>,
  nodeArgs: readonly string[] = [],
  runtime: readonly string[] = [process.execPath],
): Promise<Service> {
  const [command = '', ...args] = [...runtime, ...nodeArgs, 'dist/main.js'];
  const program = startProgram(command, args, {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', ...env },
  });
  try {
    const port = await program.waitForLine('"listening"', portIn);
    const url = `http://127.0.0.1:${port}`;
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
