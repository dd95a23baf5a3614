// The built service on a port of its own, to which it comes back after it was killed.
import { publish } from '../support/publish.ts';
import { freePort } from '../support/redis.ts';
import { startService } from '../support/service.ts';

export interface RestartableService {
  readonly url: string;
  /** Records an update over HTTP; fulfilled when it is recorded. */
  publish(run: string, update: object): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** In memory unless `env` names a Redis. */
export async function startRestartable(env: Record<string, string> = {}): Promise<RestartableService> {
  const PORT = String(await freePort());
  let service = await startService({ PORT, ...env });
  return {
    url: service.url,
    publish: async (run, update) => {
      await publish(service, run, update);
    },
    kill: async () => {
      await service.stop('SIGKILL');
    },
    start: async () => {
      service = await startService({ PORT, ...env });
    },
  };
}
