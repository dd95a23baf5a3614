// Finds the route for a path and a method. Its own answers are 400, 404 and 405.
import { HttpProblem } from './problem.ts';
import type { Found, Route } from './route.ts';

export interface Target {
  segments: readonly string[];
  query: URLSearchParams;
}

/**
 * Splits a request target. Done by hand: `new URL` throws for '//', takes '//evil/x' for a host, and folds '..'; here
 * a path is only ever compared. Segments stay encoded until they are matched, so that a run id may hold a slash. Throws
 * 400 for malformed percent-encoding in the query, which `URLSearchParams` alone would read as U+FFFD.
 */
export function parseTarget(target: string): Target {
  const path = target.replace(/^https?:\/\/[^/?]*/i, '');
  const at = path.indexOf('?');
  const query = at === -1 ? '' : path.slice(at + 1);
  decode(query, 'query');
  return {
    segments: (at === -1 ? path : path.slice(0, at)).split('/').slice(1),
    query: new URLSearchParams(query),
  };
}

/** The parameters of a path that has this pattern, or null. Throws 400 for malformed percent-encoding. */
export function matchPath(pattern: string, segments: readonly string[]): ReadonlyMap<string, string> | null {
  const parts = pattern.split('/').slice(1);
  if (parts.length !== segments.length) return null;
  if (!parts.every((part, i) => part.startsWith(':') || part === segments[i])) return null;
  const params = new Map<string, string>();
  for (const [i, part] of parts.entries())
    if (part.startsWith(':')) params.set(part.slice(1), decode(segments[i] ?? '', 'path'));
  return params;
}

function decode(text: string, where: 'path' | 'query'): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A URIError.
    throw new HttpProblem(400, 'bad-encoding', `The ${where} has malformed percent-encoding.`);
  }
}

/** The route of a request. Throws 404, 405, or 400 for malformed percent-encoding. */
export function findRoute(routes: readonly Route[], method: string, target: string, basePath = ''): Found {
  const { segments, query } = parseTarget(target);
  const here: Route[] = [];
  for (const route of routes) {
    const params = matchPath(route.path, segments);
    if (!params) continue;
    if (answers(route, method)) return { route, params, query };
    here.push(route);
  }
  throw here.length > 0 ? wrongMethod(here) : nothingHere(basePath);
}

function answers(route: Route, method: string): boolean {
  return route.method === method || (route.method === 'GET' && method === 'HEAD');
}

function wrongMethod(here: readonly Route[]): HttpProblem {
  const methods = new Set(here.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])));
  const allowed = [...methods].join(', ');
  return new HttpProblem(405, 'method-not-allowed', `Allowed here: ${allowed}.`, {
    headers: { Allow: allowed },
  });
}

function nothingHere(basePath: string): HttpProblem {
  return new HttpProblem(
    404,
    'not-found',
    `Nothing is here. A run is at ${basePath}/api/runs/{run_id}, its events at ${basePath}/api/runs/{run_id}/events.`,
  );
}
