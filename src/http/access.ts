// Who may talk to the service: the Host and Origin of a request. Pure.

import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { HttpProblem } from './problem.ts';

/**
 * Against DNS rebinding, where a foreign page reaches this service under its own name: only names that mean this machine
 * pass, and IP addresses. Throws 403.
 */
export function checkHost(request: IncomingMessage) {
  const host = hostname(request.headers.host ?? '');
  if (host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0) return;
  throw new HttpProblem(
    403,
    'host-not-allowed',
    `Outside production this service answers to localhost and IP addresses, not to "${host}". Set NODE_ENV=production.`,
  );
}

/**
 * A page of another site may not publish, nor open a WebSocket: neither needs the visitor's consent otherwise. Programs
 * send no Origin. Throws 403.
 */
export function checkOrigin(request: IncomingMessage) {
  const { origin, host } = request.headers;
  if (origin === undefined) return;
  // Compared without the scheme, which a proxy that ends TLS hides.
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  throw new HttpProblem(403, 'origin-not-allowed', 'A page of another origin may not do this.');
}

/** The name in a Host header, without port and brackets. */
function hostname(host: string): string {
  return host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
