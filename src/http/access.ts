// Who may talk to the service, by Host and Origin, and the headers that tell browsers so (Fetch standard, 3.3). Decides
// only.
import type { OutgoingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';

export interface AccessOptions {
  /** Names of the service, besides those that mean this machine. '*': any. */
  allowedHosts: readonly string[] | '*';
  /** Origins whose pages may read, publish and open WebSockets, besides the service's own. '*': all. */
  allowedOrigins: readonly string[] | '*';
}

export interface Access {
  /**
   * Against DNS rebinding, where a foreign page reaches this service under the page's own name. Names of this machine, IP
   * addresses, allowed hosts and the hosts of allowed origins pass. Throws 403.
   */
  checkHost(head: RequestHead): void;
  /**
   * For requests that a page could make without its visitor's consent: to publish, and to open a WebSocket. Programs send
   * no Origin. Throws 403.
   */
  checkOrigin(head: RequestHead): void;
  /**
   * Whether a cookie counts. Browsers add cookies to the requests of every page. So only the service's own pages and named
   * origins may use them: '*' must not let any page publish, or open a WebSocket, as its visitor.
   */
  mayUseCookie(head: RequestHead): boolean;
  /**
   * For every answer, errors too: without the headers of CORS a page can't even read the status. An answer for every site
   * sets its own value, which counts.
   */
  answerHeaders(head: RequestHead): OutgoingHttpHeaders;
  /** For the answer to OPTIONS. */
  preflightHeaders(head: RequestHead): OutgoingHttpHeaders;
}

const PREFLIGHT_SECONDS = '7200';
const OWN_PAGES: OutgoingHttpHeaders = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};
const ANY_SITE: OutgoingHttpHeaders = {
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Origin',
};

export function createAccess({ allowedHosts, allowedOrigins }: AccessOptions): Access {
  const hosts = new Set([
    ...(allowedHosts === '*' ? [] : allowedHosts),
    ...(allowedOrigins === '*' ? [] : allowedOrigins.map((origin) => new URL(origin).hostname)),
  ]);

  function isAllowed(origin: string): boolean {
    return allowedOrigins === '*' || allowedOrigins.includes(origin);
  }

  /** Compared without the scheme, which a proxy that ends TLS hides. */
  function isOwn(origin: string, host: string | undefined): boolean {
    return URL.canParse(origin) && new URL(origin).host === host;
  }

  /** Made once: every answer needs one of them. */
  const forOwnPages = allowedOrigins.length === 0 ? OWN_PAGES : { ...OWN_PAGES, Vary: 'Origin' };
  const forAnyPage = headersFor('*');
  // Cookies come along for origins that are named, never for all.
  const forNamed = new Map(
    (allowedOrigins === '*' ? [] : allowedOrigins).map((origin) => [
      origin,
      { ...headersFor(origin), 'Access-Control-Allow-Credentials': 'true' },
    ]),
  );

  function answerHeaders({ headers: { origin } }: RequestHead): OutgoingHttpHeaders {
    if (allowedOrigins !== '*') return (origin !== undefined && forNamed.get(origin)) || forOwnPages;
    // A page loads images and scripts without CORS, and then there is no `Origin`.
    return origin === undefined ? ANY_SITE : forAnyPage;
  }

  return {
    checkHost: (head) => {
      if (allowedHosts === '*' || allowedOrigins === '*') return;
      const host = hostname(head.headers.host ?? '');
      if (host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0 || hosts.has(host)) return;
      throw new HttpProblem(
        403,
        'host-not-allowed',
        `This service answers to localhost, IP addresses and the hosts of ALLOWED_HOSTS and ALLOWED_ORIGINS, not to "${host}".`,
      );
    },
    checkOrigin: ({ headers: { origin, host } }) => {
      if (origin === undefined || isAllowed(origin) || isOwn(origin, host)) return;
      throw new HttpProblem(
        403,
        'origin-not-allowed',
        `Pages of ${origin} may not do this: see ALLOWED_ORIGINS.`,
      );
    },
    mayUseCookie: ({ headers: { origin, host } }) =>
      origin === undefined ||
      isOwn(origin, host) ||
      (allowedOrigins !== '*' && allowedOrigins.includes(origin)),
    answerHeaders,
    preflightHeaders: (head) => {
      const headers = answerHeaders(head);
      if (!headers['Access-Control-Allow-Origin']) return headers;
      return {
        ...headers,
        'Access-Control-Allow-Methods': 'GET, POST',
        'Access-Control-Allow-Headers':
          'Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID',
        'Access-Control-Max-Age': PREFLIGHT_SECONDS,
      };
    },
  };
}

function headersFor(origin: string): OutgoingHttpHeaders {
  return {
    ...ANY_SITE,
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Retry-After, ETag, WWW-Authenticate',
  };
}

/** The name in a Host header, without port and brackets. */
function hostname(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
