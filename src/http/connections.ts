// Open streams, long polls and WebSockets. Each takes a place, ends when its token expires, and leaves a line in the log.
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type Departure, ENDINGS, type Ending, type Served } from '../delivery/departure.ts';
import { type Cursor, cursorName } from '../runs/cursor.ts';
import type { GiveBack, Place, Places, Refusal } from './connection-limits.ts';
import type { Expiries } from './expiries.ts';
import { createOnceASecond } from './once-a-second.ts';
import { HttpProblem } from './problem.ts';
import type { Permit } from './token-gate.ts';

export const TRANSPORTS = ['sse', 'ndjson', 'text', 'long-poll', 'websocket'] as const;
export type Transport = (typeof TRANSPORTS)[number];

export interface Connection extends Place, Reading {
  permit: Permit;
}

/** What the log tells of a reader. */
interface Reading {
  transport: Transport;
  runIds: readonly string[];
  /** What the reader had of each of its runs when it came. */
  from: readonly Cursor[];
}

export interface Connections {
  /**
   * Takes a place until the socket closes, and calls `begin`, which serves the connection; not if the client has gone by
   * then. Rejects with 503 if there are too many connections in all, of a run, or of a client.
   */
  enter(socket: Duplex, connection: Connection, begin: () => Served | null): Promise<void>;
  counts(): ReadonlyMap<Transport, number>;
  /** Those that have left since the start, by why. */
  endings(): ReadonlyMap<Ending, number>;
}

const RETRY_SECONDS = '5';
/** A stream may have hundreds. */
const LOGGED_RUNS = 3;

export function createConnections(places: Places, expiries: Expiries, log: Logger): Connections {
  const ofTransport = new Map<Transport, number>(TRANSPORTS.map((transport) => [transport, 0]));
  const ended = new Map<Ending, number>(ENDINGS.map((ending) => [ending, 0]));
  const refused = new Map<string, number>();
  const onceASecond = createOnceASecond();

  function problemOf({ code, detail, open }: Refusal): HttpProblem {
    const times = (refused.get(code) ?? 0) + 1;
    refused.set(code, times);
    onceASecond(() => log.warn({ code, times, open }, `connections are refused: ${detail}`));
    return new HttpProblem(503, code, detail, { headers: { 'Retry-After': RETRY_SECONDS } });
  }

  function count(transport: Transport, by: 1 | -1) {
    ofTransport.set(transport, (ofTransport.get(transport) ?? 0) + by);
  }

  function serve(socket: Duplex, connection: Connection, giveBack: GiveBack, begin: () => Served | null) {
    // `leave` keeps these alone. With the connection it would keep its request, for as long as the stream is open.
    const { transport, runIds, from } = connection;
    const { expiresAt } = connection.permit;
    count(transport, 1);
    const since = performance.now();
    const served = begin();
    const takeBack = served && expiresAt !== null ? expiries.add(expiresAt, () => served.expire()) : null;
    const leave = () => {
      count(transport, -1);
      giveBack();
      takeBack?.();
      if (!served) return;
      tell({ transport, runIds, from }, served.leave(), {
        bytes: (socket as { bytesWritten?: number }).bytesWritten,
        seconds: Math.round((performance.now() - since) / 100) / 10,
      });
    };
    // It comes once; `once` would keep a wrapper for each connection.
    if (socket.closed) leave();
    else socket.on('close', leave);
  }

  function tell({ transport, runIds, from }: Reading, departure: Departure, cost: object) {
    const { events, cursors, ending } = departure;
    ended.set(ending, (ended.get(ending) ?? 0) + 1);
    const names = (all: readonly Cursor[]) => all.slice(0, LOGGED_RUNS).map(cursorName);
    const fields = {
      transport,
      runs: runIds.slice(0, LOGGED_RUNS),
      ...(runIds.length > LOGGED_RUNS && { moreRuns: runIds.length - LOGGED_RUNS }),
      from: names(from),
      to: names(cursors),
      events,
      ...cost,
      ending,
    };
    // A long poll ends every few seconds, and comes back.
    log[transport === 'long-poll' ? 'debug' : 'info'](fields, 'a reader has left');
  }

  return {
    enter: async (socket, connection, begin) => {
      const taken = await places.take(connection);
      if (typeof taken !== 'function') throw problemOf(taken);
      if (socket.destroyed) taken();
      else serve(socket, connection, taken, begin);
    },
    counts: () => ofTransport,
    endings: () => ended,
  };
}
