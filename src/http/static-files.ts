// The files that are served: a fixed map that is read at the start, not a folder.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { OutgoingHttpHeaders } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Coding, chooseCoding } from './content-coding.ts';
import { hasNamed } from './poll-endpoint.ts';
import { HttpProblem } from './problem.ts';
import type { AnswerContext, Route } from './route.ts';

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

/** What is compressed, the best first, with the ending of its file. Endings in ETags are not those that proxies add. */
const COMPRESSED = [
  { coding: 'br', ending: 'br', decompress: brotliDecompressSync },
  { coding: 'gzip', ending: 'gz', decompress: gunzipSync },
] as const;

/** A file in one coding. */
interface Variant {
  coding: Coding;
  body: Buffer;
  etag: string;
}

/** Where the files lie, and where the build has put them compressed. */
export interface StaticFolders {
  plain: URL;
  compressed: URL;
}

/** The best first; as it is last. A compressed one that holds something else is of an earlier build, and left out. */
function variantsOf({ plain, compressed }: StaticFolders, name: string): Variant[] {
  const body = readFileSync(new URL(name, plain));
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 16);
  const variants: Variant[] = [];
  for (const { coding, ending, decompress } of COMPRESSED) {
    const path = new URL(`${name}.${ending}`, compressed);
    if (!existsSync(path)) continue;
    const less = readFileSync(path);
    if (decompress(less).equals(body)) variants.push({ coding, body: less, etag: `"${hash}.${ending}"` });
  }
  return [...variants, { coding: 'identity', body, etag: `"${hash}"` }];
}

/** Routes for `files`: URL path → file name. Throws if one is missing. */
export function staticRoutes(folders: StaticFolders, files: Readonly<Record<string, string>>): Route[] {
  return Object.entries(files).map(([path, name]) => {
    const variants = variantsOf(folders, name);
    const offered = variants.map(({ coding }) => coding);
    const shared = {
      ...SECURITY_HEADERS,
      'Cache-Control': 'no-cache',
      ...(path === EMBEDDED && EMBED_HEADERS),
    };
    const type = CONTENT_TYPES.get(name.split('.').at(-1) ?? '') ?? 'application/octet-stream';

    function answer({ request, response }: AnswerContext) {
      // What CORS makes it vary by is there already.
      const vary = [response.getHeader('Vary') ?? [], 'Accept-Encoding'].flat().join(', ');
      const chosen = chooseCoding(request.headers['accept-encoding'], offered);
      const variant = variants.find(({ coding }) => coding === chosen);
      if (!variant) throw notAcceptable(offered, vary);
      const { coding, body, etag } = variant;
      const headers: OutgoingHttpHeaders = { ...shared, ETag: etag, Vary: vary };
      if (hasNamed(request, etag)) {
        response.writeHead(304, headers).end();
        return;
      }
      if (coding !== 'identity') headers['Content-Encoding'] = coding;
      response.writeHead(200, { ...headers, 'Content-Type': type, 'Content-Length': body.length }).end(body);
    }

    return { method: 'GET', path, scope: 'none', answer };
  });
}

function notAcceptable(offered: readonly Coding[], vary: string): HttpProblem {
  return new HttpProblem(
    406,
    'not-acceptable',
    `This is here as ${offered.join(', ')}. Accept-Encoding takes none of them.`,
    { headers: { Vary: vary } },
  );
}
