// The model on paper: what a load that no machine here can make would need, a second.
import { type Costs, type Figure, predict } from './costs.ts';
import { loadOf, type Shape } from './shape.ts';

export interface Need {
  title: string;
  /** Cores that all processes use. */
  serviceCores: number;
  redisCores: number;
  redisInMegabytes: number;
  redisOutMegabytes: number;
  /** Of all processes: connections, open runs, and the events that these keep. */
  serviceGigabytes: number;
  redisGigabytes: number;
}

export interface Plan {
  title: string;
  shape: Shape;
}

export interface PlanOptions {
  costs: Costs;
  /** In Redis, of an entry. */
  entryBytes: number;
  updatesPerSecond: number;
  /** That each run has had, and keeps. */
  keptEvents: number;
}

/** `shape.updates` is 1: each run's next one. */
export function needOf(
  { title, shape }: Plan,
  { costs, entryBytes, updatesPerSecond, keptEvents }: PlanOptions,
): Need {
  const load = loadOf(shape);
  const perSecond = (figure: Figure) => predict(costs, load, figure) * updatesPerSecond;
  const keptEventBytes = costs.keptBytes.announced ?? 0;
  return {
    title,
    serviceCores: perSecond('publishCpuUs') / 1e6,
    redisCores: perSecond('redisCpuUs') / 1e6,
    redisInMegabytes: perSecond('redisInBytes') / 1e6,
    redisOutMegabytes: perSecond('redisOutBytes') / 1e6,
    serviceGigabytes:
      (predict(costs, load, 'connectBytes') + load.announced * keptEvents * keptEventBytes) / 1e9,
    redisGigabytes: (shape.runs * keptEvents * entryBytes) / 1e9,
  };
}
