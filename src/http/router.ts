// Finds what a request's path and method mean. Knows no answers of its own but 400, 404 and 405.
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';

interface Matched {
  /** Decoded path segments that the route names. */
  params: ReadonlyMap<string, string>;
  query: URLSearchParams;
}

export interface RequestContext extends Matched {
  request: IncomingMessage;
  response: ServerResponse;
}

export type Handler = (context: RequestContext) => void | Promise<void>;

/** A GET whose answer takes the connection over. */
export interface StreamContext extends Matched {
  head: RequestHead;
  socket: Socket;
  /** To be put into the answer. */
  headers: OutgoingHttpHeaders;
}

export type StreamHandler = (context: StreamContext) => Promise<void>;

export interface Route {
  /** '/api/runs/:run_id/events': a segment that begins with a colon is a parameter. */
  path: string;
  methods: Readonly<Record<string, Handler>>;
  /** Answers GET. */
  stream?: StreamHandler;
}

export interface Target {
  segments: readonly string[];
  query: URLSearchParams;
}

/**
 * Splits a request target. Done by hand: `new URL` throws for '//', takes '//evil/x' for a host, and folds '..'; here
 * a path is only ever compared. Segments stay encoded until they are matched, so that a run id may hold a slash.
 */
export function parseTarget(target: string): Target {
  const path = target.replace(/^https?:\/\/[^/?]*/i, '');
  const at = path.indexOf('?');
  return {
    segments: (at === -1 ? path : path.slice(0, at)).split('/').slice(1),
    query: new URLSearchParams(at === -1 ? '' : path.slice(at + 1)),
  };
}

/** The parameters of a path that has this pattern, or null. Throws 400 for malformed percent-encoding. */
export function matchPath(pattern: string, segments: readonly string[]): ReadonlyMap<string, string> | null {
  const parts = pattern.split('/').slice(1);
  if (parts.length !== segments.length) return null;
  if (!parts.every((part, i) => part.startsWith(':') || part === segments[i])) return null;
  const params = new Map<string, string>();
  for (const [i, part] of parts.entries())
    if (part.startsWith(':')) params.set(part.slice(1), decode(segments[i] ?? ''));
  return params;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A URIError.
    throw new HttpProblem(400, 'bad-encoding', 'The path has malformed percent-encoding.');
  }
}

/** The route of a request target. Throws 404, or 400 for malformed percent-encoding. */
export function findRoute(routes: readonly Route[], target: string): Matched & { route: Route } {
  const { segments, query } = parseTarget(target);
  for (const route of routes) {
    const params = matchPath(route.path, segments);
    if (params) return { route, params, query };
  }
  throw new HttpProblem(
    404,
    'not-found',
    'Nothing is here. A run is at /api/runs/{run_id}, its events at /api/runs/{run_id}/events.',
  );
}

/** Throws 405. */
export function handlerOf({ methods, stream }: Route, method: string): Handler {
  const handler = methods[method] ?? (method === 'HEAD' ? methods.GET : undefined);
  if (handler) return handler;
  const others = Object.keys(methods).filter((name) => name !== 'GET' && name !== 'HEAD');
  const allowed = stream || methods.GET ? ['GET', 'HEAD', ...others] : others;
  throw new HttpProblem(405, 'method-not-allowed', `Allowed here: ${allowed.join(', ')}.`, {
    headers: { Allow: allowed.join(', ') },
  });
}
