// Streams, long polls and WebSockets that are open: how many there may be, how each ends with its token, and what the log
// says of it at its end.
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Expiries } from './expiries.ts';
import type { Permit } from './gate.ts';
import { HttpProblem } from './problem.ts';

export type Transport = 'sse' | 'ndjson' | 'text' | 'long-poll' | 'websocket';

export interface Connection {
  transport: Transport;
  runIds: readonly string[];
  /** See client-address.ts. */
  address: string;
  permit: Permit;
}

/** What a way of delivery tells of a connection that it serves. */
export interface Served {
  /** Its token has expired: says so, and closes. */
  expire(): void;
  summary(): { events: number; lastId: number; ending: string };
}

export interface Connections {
  /**
   * Counts the connection until its socket closes, and calls `begin`, which serves it. Throws 503 where there are too many,
   * in all, of a run or of a client.
   */
  enter(socket: Duplex, connection: Connection, begin: () => Served | null): void;
  counts(): ReadonlyMap<Transport, number>;
  /** By the code of the refusal, since the start. */
  refusals(): ReadonlyMap<string, number>;
}

export interface ConnectionLimits {
  maxConnections: number;
  /** Infinity: unlimited. */
  maxConnectionsPerRun: number;
  maxConnectionsPerAddress: number;
}

const RETRY_SECONDS = '5';
const LOG_EVERY_MS = 1000;

export function createConnections(limits: ConnectionLimits, expiries: Expiries, log: Logger): Connections {
  const ofTransport = new Map<Transport, number>();
  const ofRun = new Map<string, number>();
  const ofAddress = new Map<string, number>();
  const refused = new Map<string, number>();
  let open = 0;
  let loggedAt = Number.NEGATIVE_INFINITY;

  function check({ runIds, address }: Connection) {
    const { maxConnections, maxConnectionsPerRun, maxConnectionsPerAddress } = limits;
    if (open >= maxConnections)
      throw refusal('too-many-connections', `All ${maxConnections} connections are in use.`);
    if ((ofAddress.get(address) ?? 0) >= maxConnectionsPerAddress)
      throw refusal(
        'too-many-connections-of-address',
        `${maxConnectionsPerAddress} connections of this address are open.`,
      );
    if (runIds.some((runId) => (ofRun.get(runId) ?? 0) >= maxConnectionsPerRun))
      throw refusal(
        'too-many-connections-of-run',
        `${maxConnectionsPerRun} connections of this run are open.`,
      );
  }

  function refusal(code: string, detail: string): HttpProblem {
    const times = (refused.get(code) ?? 0) + 1;
    refused.set(code, times);
    if (performance.now() - loggedAt >= LOG_EVERY_MS) {
      loggedAt = performance.now();
      log.warn({ code, times, open }, `connections are refused: ${detail}`);
    }
    return new HttpProblem(503, code, detail, { headers: { 'Retry-After': RETRY_SECONDS } });
  }

  function count({ transport, runIds, address }: Connection, by: 1 | -1) {
    open += by;
    add(ofTransport, transport, by);
    // Counted only where they are limited: a map of ten thousand addresses costs memory.
    if (limits.maxConnectionsPerAddress !== Number.POSITIVE_INFINITY) add(ofAddress, address, by);
    if (limits.maxConnectionsPerRun !== Number.POSITIVE_INFINITY)
      for (const runId of runIds) add(ofRun, runId, by);
  }

  return {
    enter: (socket, connection, begin) => {
      check(connection);
      count(connection, 1);
      const since = performance.now();
      const served = begin();
      const { expiresAt } = connection.permit;
      const takeBack = served && expiresAt !== null ? expiries.add(expiresAt, () => served.expire()) : null;
      const leave = () => {
        count(connection, -1);
        takeBack?.();
        if (!served) return;
        const { transport, runIds } = connection;
        const bytes = (socket as { bytesWritten?: number }).bytesWritten;
        const seconds = Math.round((performance.now() - since) / 100) / 10;
        log.info({ transport, runs: runIds, ...served.summary(), bytes, seconds }, 'a reader has left');
      };
      if (socket.closed) leave();
      else socket.once('close', leave);
    },
    counts: () => ofTransport,
    refusals: () => refused,
  };
}

function add<K>(counts: Map<K, number>, key: K, by: 1 | -1) {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
