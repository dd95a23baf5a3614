// A route: a path, what a request for it needs, and the function that answers. Each endpoint declares its own.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RequestHead } from './plain-head.ts';
import type { Permit } from './token-gate.ts';

/** What was found in a request's path and query. */
export interface Matched {
  /** Decoded path segments that the route names. */
  params: ReadonlyMap<string, string>;
  query: URLSearchParams;
}

/** The route of a request. */
export interface Found extends Matched {
  route: Route;
}

/** What is known of a request that has been admitted. */
export interface Admitted extends Matched {
  permit: Permit;
  /** The result of the route's `runsOf`, in NFC. */
  runIds: readonly string[];
}

export interface AnswerContext extends Admitted {
  request: IncomingMessage;
  response: ServerResponse;
}

export interface TakeOverContext extends Admitted {
  /** Of a GET or a HEAD. */
  head: RequestHead;
  socket: Socket;
  /** Headers for the answer. */
  headers: OutgoingHttpHeaders;
}

export interface UpgradeContext extends Admitted {
  request: IncomingMessage;
  socket: Duplex;
  /** The bytes behind the head. */
  rest: Buffer;
}

/** What a token must allow. 'none': anybody may. */
type Needs =
  | { scope: 'none' | 'metrics' }
  | {
      scope: 'read' | 'publish';
      /** The runs that the request is about: each has to be allowed. Throws 400. */
      runsOf(matched: Matched): readonly string[];
    };

interface Place {
  /** A GET answers HEAD as well. */
  method: 'GET' | 'POST';
  /** '/api/runs/:run_id/events': a segment that begins with a colon is a parameter. */
  path: string;
  /** Answered whatever the Host header says, and at the root as well as below BASE_PATH. */
  isForHealthChecks?: true;
}

/** Answered through Node's response. */
export type AnswerRoute = Place & Needs & { answer(context: AnswerContext): void | Promise<void> };
/** Answered on the connection itself, which ends with it. */
export type TakeOverRoute = Place & Needs & { takeOver(context: TakeOverContext): void | Promise<void> };
/** Becomes a WebSocket. */
export type UpgradeRoute = Place & Needs & { upgrade(context: UpgradeContext): void | Promise<void> };

export type Route = AnswerRoute | TakeOverRoute | UpgradeRoute;
