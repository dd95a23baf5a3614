// Who knows which Redis servers take writes: nobody need be asked of one Redis, the sentinels of a master, the nodes of a
// cluster.
import type { Redis } from 'ioredis';
import { within } from '../runs/within.ts';
import type { Host } from './redis-url.ts';

export interface Place {
  readonly at: Host;
  /** In a cluster the node's id, else ''. */
  readonly id: string;
  /** First and last slots. */
  readonly slots: readonly (readonly [number, number])[];
}

export interface Lookup {
  /** `known` are the connections to the nodes of the last answer. Rejects with an error for people while nobody says. */
  lookUp(known: readonly Redis[]): Promise<readonly Place[]>;
  close(): void;
}

const ANSWER_TIMEOUT_MS = 1000;

/** Null where the answer doesn't come in time: one that hangs must not hold up what the others say. */
export async function inTime<T>(answer: Promise<T>): Promise<T | null> {
  return (await within(ANSWER_TIMEOUT_MS, answer)) ?? null;
}
