// The primary's books: what its workers count together. A worker that has ended leaves its places, and its counters stay.
import type { Registry } from 'prom-client';
import { createPlaces, type GiveBack, type PlaceLimits, type Refusal } from '../http/connection-limits.ts';
import { createRateLimit } from '../http/rate-limit.ts';
import { createSumOfMetrics, type Report } from './sum-of-metrics.ts';
import { createTalk, type Port } from './talk.ts';

/** What a worker asks its primary. */
export type PrimaryAnswers = {
  /** `name` is the worker's own, to give the place back by. Null: it has the place. */
  take(wanted: { name: number; runIds: readonly string[]; address: string }): Refusal | null;
  giveBack(name: number): void;
  /** See rate-limit.ts. */
  publish(wanted: { client: string; count: number }): number;
  metricsText(nothing: null): Promise<string>;
};

/** What the primary asks a worker. */
export type WorkerAnswers = {
  report(nothing: null): Promise<Report>;
};

export interface Members {
  /** A worker has begun. To be called when it has ended: what it answers. */
  join(port: Port): () => void;
}

export interface MembersOptions extends PlaceLimits {
  publishRate: number;
}

export function createMembers(limits: MembersOptions): Members {
  const places = createPlaces(limits);
  const rate = createRateLimit(limits.publishRate);
  const metrics = createSumOfMetrics();

  return {
    join: (port) => {
      const held = new Map<number, GiveBack>();
      const answers: PrimaryAnswers = {
        take: ({ name, runIds, address }) => {
          const taken = places.take({ runIds, address: () => address });
          if (typeof taken !== 'function') return taken;
          held.set(name, taken);
          return null;
        },
        giveBack: (name) => {
          held.get(name)?.();
          held.delete(name);
        },
        publish: ({ client, count }) => rate.take(client, count),
        metricsText: () => metrics.text(),
      };
      const talk = createTalk<WorkerAnswers>(port, answers);
      const retire = metrics.add(() => talk.ask('report', null));
      return () => {
        // What it had sent before may still arrive: a place that it took then would never come back.
        talk.end();
        retire();
        for (const giveBack of held.values()) giveBack();
      };
    },
  };
}

/** The worker's side. */
export function askPrimary(port: Port, report: () => Registry) {
  const answers: WorkerAnswers = { report: () => report().getMetricsAsJSON() };
  return createTalk<PrimaryAnswers>(port, answers);
}
