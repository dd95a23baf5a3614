// The head of a plain GET, read without Node's parser. Plain means: as browsers, proxies and curl send it for a stream. For
// everything else this returns null, and leaves the request to Node, which knows all of HTTP.
import type { IncomingHttpHeaders } from 'node:http';

/** The head of a request. Node's `IncomingMessage` is one too. */
export interface RequestHead {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** '1.0' or '1.1'. */
  readonly httpVersion: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came; not where each came once. */
  readonly rawHeaders?: readonly string[];
}

/** Node's own limit. */
const MAX_BYTES = 16 * 1024;
// Each byte can match in one way only, so no input makes the expression backtrack.
const GET = /^GET (\/[!-~]*) HTTP\/(1\.[01])\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n$/;
/** They announce a body, another protocol, or an answer before the answer. */
const NOT_PLAIN = new Set(['content-length', 'transfer-encoding', 'upgrade', 'expect']);

/** `bytes` must be the whole head, and nothing else. A repeated field is not plain: some may be joined, others not. */
export function parsePlainHead(bytes: Buffer): RequestHead | null {
  if (bytes.length > MAX_BYTES) return null;
  const [, url, httpVersion = '', fields = ''] = GET.exec(bytes.toString('latin1')) ?? [];
  if (url === undefined) return null;
  const headers: IncomingHttpHeaders = Object.create(null);
  for (const line of fields.split('\r\n').slice(0, -1)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (name in headers || NOT_PLAIN.has(name)) return null;
    headers[name] = line.slice(colon + 1).trim();
  }
  // Without it HTTP/1.1 is a 400.
  return headers.host === undefined ? null : { method: 'GET', url, httpVersion, headers };
}
