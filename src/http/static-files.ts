// The few files that are served: a fixed map, read at the start, not a folder.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hasNamed } from './poll-endpoint.ts';
import type { Route } from './route.ts';

const CONTENT_TYPES = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['json', 'application/json; charset=utf-8'],
  ['svg', 'image/svg+xml'],
]);

const SECURITY_HEADERS = {
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
};

/** The element's script, which pages of any site load, those that isolate themselves (COEP) too. It holds no secret. */
const EMBEDDED = '/run-progress.js';
const EMBED_HEADERS = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };

/** Routes for `files`: URL path → file name in `folder`. Throws if one is missing. */
export function staticRoutes(folder: URL, files: Readonly<Record<string, string>>): Route[] {
  return Object.entries(files).map(([path, name]) => {
    const body = readFileSync(new URL(name, folder));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
    const headers = {
      ...SECURITY_HEADERS,
      'Content-Type': CONTENT_TYPES.get(name.split('.').at(-1) ?? '') ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
      ETag: etag,
      ...(path === EMBEDDED && EMBED_HEADERS),
    };
    return {
      method: 'GET',
      path,
      scope: 'none',
      answer: ({ request, response }) => {
        if (hasNamed(request, etag)) response.writeHead(304, headers).end();
        else response.writeHead(200, { ...headers, 'Content-Length': body.length }).end(body);
      },
    };
  });
}
