// Finds what a request's path and method mean. Knows no answers of its own but 400, 404 and 405.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpProblem } from './problem.ts';

export interface RequestContext {
  request: IncomingMessage;
  response: ServerResponse;
  /** Decoded path segments that the route names. */
  params: ReadonlyMap<string, string>;
  query: URLSearchParams;
}

export type Handler = (context: RequestContext) => void | Promise<void>;

export interface Route {
  /** '/api/runs/:run_id/events': a segment that begins with a colon is a parameter. */
  path: string;
  methods: Readonly<Record<string, Handler>>;
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

/** The handler for a request, and what the path says to it. Throws 404 or 405. */
export function route(
  routes: readonly Route[],
  request: IncomingMessage,
): { handler: Handler; params: RequestContext['params']; query: URLSearchParams } {
  const { segments, query } = parseTarget(request.url ?? '/');
  for (const { path, methods } of routes) {
    const params = matchPath(path, segments);
    if (!params) continue;
    const handler = methods[request.method === 'HEAD' ? 'GET' : (request.method ?? '')];
    if (handler) return { handler, params, query };
    const allowed = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    throw new HttpProblem(405, 'method-not-allowed', `Allowed here: ${allowed.join(', ')}.`, {
      headers: { Allow: allowed.join(', ') },
    });
  }
  throw new HttpProblem(404, 'not-found', 'Nothing is here. See / for what there is.');
}
