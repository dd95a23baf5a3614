// Streams, long polls and WebSockets that are open here: that each has a place, how it ends with its token, and what the
// log says of it at its end.
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Expiries } from './expiries.ts';
import type { Permit } from './gate.ts';
import type { GiveBack, Place, Places, Refusal } from './places.ts';
import { HttpProblem } from './problem.ts';

export type Transport = 'sse' | 'ndjson' | 'text' | 'long-poll' | 'websocket';

export interface Connection extends Place {
  transport: Transport;
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
   * Takes a place until the socket closes, and calls `begin`, which serves it; not if the client has gone by then. Rejects
   * with 503 where there are too many, in all, of a run or of a client.
   */
  enter(socket: Duplex, connection: Connection, begin: () => Served | null): Promise<void>;
  counts(): ReadonlyMap<Transport, number>;
  /** By the code of the refusal, since the start. */
  refusals(): ReadonlyMap<string, number>;
}

const RETRY_SECONDS = '5';
const LOG_EVERY_MS = 1000;

export function createConnections(places: Places, expiries: Expiries, log: Logger): Connections {
  const ofTransport = new Map<Transport, number>();
  const refused = new Map<string, number>();
  let loggedAt = Number.NEGATIVE_INFINITY;

  function problemOf({ code, detail, open }: Refusal): HttpProblem {
    const times = (refused.get(code) ?? 0) + 1;
    refused.set(code, times);
    if (performance.now() - loggedAt >= LOG_EVERY_MS) {
      loggedAt = performance.now();
      log.warn({ code, times, open }, `connections are refused: ${detail}`);
    }
    return new HttpProblem(503, code, detail, { headers: { 'Retry-After': RETRY_SECONDS } });
  }

  function count(transport: Transport, by: 1 | -1) {
    ofTransport.set(transport, (ofTransport.get(transport) ?? 0) + by);
  }

  function serve(socket: Duplex, connection: Connection, giveBack: GiveBack, begin: () => Served | null) {
    const { transport, runIds, permit } = connection;
    count(transport, 1);
    const since = performance.now();
    const served = begin();
    const { expiresAt } = permit;
    const takeBack = served && expiresAt !== null ? expiries.add(expiresAt, () => served.expire()) : null;
    const leave = () => {
      count(transport, -1);
      giveBack();
      takeBack?.();
      if (!served) return;
      const bytes = (socket as { bytesWritten?: number }).bytesWritten;
      const seconds = Math.round((performance.now() - since) / 100) / 10;
      log.info({ transport, runs: runIds, ...served.summary(), bytes, seconds }, 'a reader has left');
    };
    if (socket.closed) leave();
    else socket.once('close', leave);
  }

  return {
    enter: async (socket, connection, begin) => {
      const taken = await places.take(connection);
      if (typeof taken !== 'function') throw problemOf(taken);
      if (socket.destroyed) taken();
      else serve(socket, connection, taken, begin);
    },
    counts: () => ofTransport,
    refusals: () => refused,
  };
}
