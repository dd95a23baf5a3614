// A service of several processes, on a Redis of its own.
import type { TestContext } from 'node:test';
import { request } from 'undici';
import { type RedisServer, startRedis } from './redis.ts';
import { type Service, startService } from './service.ts';

export interface ServiceOfSeveral extends Service {
  readonly redis: RedisServer;
  /** Of all that have served so far. */
  processes(): { worker: number; pid: number }[];
  /** Of all processes together, by a process that is not the same each time; 0 if it isn't there. */
  metric(name: string): Promise<number>;
}

export async function startSeveral(
  t: TestContext,
  processes: number,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceOfSeveral> {
  const redis = await startRedis();
  t.after(redis.stop);
  const service = await startService({ REDIS_URL: redis.url, WEB_CONCURRENCY: String(processes), ...env });
  t.after(() => service.stop('SIGKILL'));
  return {
    ...service,
    redis,
    processes: () =>
      service.program.lines
        .filter((line) => line.includes('"a process serves"'))
        .map((line) => JSON.parse(line)),
    metric: async (name) => {
      const { body } = await request(`${service.url}/metrics`, { reset: true });
      const line = (await body.text()).split('\n').find((text) => text.startsWith(name));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
  };
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
