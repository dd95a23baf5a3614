// One of several processes that serve together: it asks its primary for what is counted for all of them.
import type { Worker } from 'node:cluster';
import type { Registry } from 'prom-client';
import type { Place } from '../http/connection-limits.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import type { Whole } from '../service.ts';
import { askPrimary, type MembersOptions } from './members.ts';
import { createWorkerPort } from './worker-port.ts';

/** `metrics`: of this process. It is asked for once the service has been made. */
export function createWorkerWhole(worker: Worker, limits: MembersOptions, metrics: () => Registry): Whole {
  const primary = askPrimary(createWorkerPort(worker), metrics);
  const isAddressCounted = limits.maxConnectionsPerAddress !== Number.POSITIVE_INFINITY;
  const isRateLimited = limits.publishRate !== Number.POSITIVE_INFINITY;
  let names = 0;

  return {
    isFirst: worker.id === 1,
    places: {
      take: async ({ runIds, address: addressOf }: Place) => {
        const name = ++names;
        const address = isAddressCounted ? addressOf() : '';
        const refusal = await primary.ask('take', { name, runIds, address });
        return refusal ?? (() => primary.tell('giveBack', name));
      },
    },
    rate: isRateLimited
      ? { take: (client, count) => primary.ask('publish', { client, count }) }
      : createRateLimit(limits.publishRate),
    metricsText: () => primary.ask('metricsText', null),
  };
}
