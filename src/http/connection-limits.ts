// Limits how many connections may be open: in all, of a run, and of a client.
import type { ProblemCode } from './problem.ts';

export interface PlaceLimits {
  maxConnections: number;
  /** Infinity: unlimited. */
  maxConnectionsPerRun: number;
  maxConnectionsPerAddress: number;
}

/** What a connection counts for. */
export interface Place {
  runIds: readonly string[];
  /** See client-address.ts. Asked only where it is counted: the system has to be asked for it. */
  address(): string;
}

/** To be called once, when the connection has closed. */
export type GiveBack = () => void;

export interface Refusal {
  /** Stable: the answer's `code`. */
  code: ProblemCode;
  detail: string;
  /** How many are open, in all. */
  open: number;
}

/** The places of one process, or of several that are counted together. Then the answer takes a moment. */
export interface Places {
  /** Counts the connection until it is given back. A refusal counts nothing. */
  take(place: Place): GiveBack | Refusal | Promise<GiveBack | Refusal>;
}

export interface CountedPlaces extends Places {
  take(place: Place): GiveBack | Refusal;
}

export function createPlaces(limits: PlaceLimits): CountedPlaces {
  const { maxConnections, maxConnectionsPerRun, maxConnectionsPerAddress } = limits;
  const ofRun = new Map<string, number>();
  const ofAddress = new Map<string, number>();
  let open = 0;

  function refusalOf(runIds: readonly string[], address: string): Refusal | null {
    if (open >= maxConnections)
      return { code: 'too-many-connections', detail: `All ${maxConnections} connections are in use.`, open };
    if ((ofAddress.get(address) ?? 0) >= maxConnectionsPerAddress) {
      const detail = `${maxConnectionsPerAddress} connections of this address are open.`;
      return { code: 'too-many-connections-of-address', detail, open };
    }
    if (runIds.some((runId) => (ofRun.get(runId) ?? 0) >= maxConnectionsPerRun)) {
      const detail = `${maxConnectionsPerRun} connections of this run are open.`;
      return { code: 'too-many-connections-of-run', detail, open };
    }
    return null;
  }

  // Counted only where they are limited: a map of ten thousand addresses costs memory.
  const isAddressCounted = maxConnectionsPerAddress !== Number.POSITIVE_INFINITY;
  const isRunCounted = maxConnectionsPerRun !== Number.POSITIVE_INFINITY;

  function count(runIds: readonly string[], address: string, by: 1 | -1) {
    open += by;
    if (isAddressCounted) add(ofAddress, address, by);
    if (isRunCounted) for (const runId of runIds) add(ofRun, runId, by);
  }

  /** One for all: ten thousand functions cost memory, too. */
  const giveBackUnkeyed = () => {
    open--;
  };

  return {
    take: ({ runIds, address: addressOf }) => {
      const address = isAddressCounted ? addressOf() : '';
      const refusal = refusalOf(runIds, address);
      if (refusal) return refusal;
      count(runIds, address, 1);
      return isAddressCounted || isRunCounted ? () => count(runIds, address, -1) : giveBackUnkeyed;
    },
  };
}

function add(counts: Map<string, number>, key: string, by: 1 | -1) {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
