// The gate: finds a request's token and checks that it allows what the route needs. Throws 401 or 403 (RFC 6750, 3).
import type { Access } from './access.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem, type ProblemCode } from './problem.ts';
import type { Scope } from './token-rules.ts';
import { type Grant, TokenError, type Tokens } from './tokens.ts';

/** What a route needs. */
export interface Need {
  scope: Scope;
  /** The runs that the request names, in NFC. */
  runs: readonly string[];
}

/** The permission that the gate has found. */
export interface Permit {
  /** The claim `sub` of the token; '' without one. */
  readonly subject: string;
  /** When the permission ends: ms since 1970; null: never. */
  readonly expiresAt: number | null;
}

export interface Gate {
  /** Throws HttpProblem: 401 without a valid token, 403 for a token that does not allow this. */
  admit(head: RequestHead, query: URLSearchParams, need: Need): Promise<Permit>;
}

export interface GateOptions {
  access: Access;
  /** Null: no PROGRESS_SECRET is set. */
  tokens: Tokens | null;
  /** Without a secret publishing over HTTP is then off, as anybody could. */
  isProduction: boolean;
}

const COOKIE = 'run_progress_token';
/** URLs are kept in histories and logs, so a token in a URL must be short-lived. */
const MAX_URL_TOKEN_MS = 10 * 60_000;
/** Clocks of two machines differ. */
const CLOCK_TOLERANCE_MS = 5000;
export const ANYBODY: Permit = { subject: '', expiresAt: null };

export function createGate({ access, tokens, isProduction }: GateOptions): Gate {
  return {
    admit: async (head, query, need) => {
      if (tokens === null) {
        if (need.scope === 'publish' && isProduction) throw publishingDisabled();
        return ANYBODY;
      }
      const { token, isInUrl } = tokenOf(head, query, access);
      if (token === null)
        throw unauthorized('no-token', `This needs a token with the scope "${need.scope}".`);
      const grant = await verified(tokens, token);
      if (isInUrl) checkUrlToken(grant, need);
      checkGrant(grant, need);
      return { subject: grant.subject, expiresAt: grant.expiresAt };
    },
  };
}

/** A token in the header or the URL counts before the cookie: browsers add cookies by themselves, and it may be an old one. */
function tokenOf(
  head: RequestHead,
  query: URLSearchParams,
  { mayUseCookie }: Access,
): { token: string | null; isInUrl: boolean } {
  const { authorization, cookie } = head.headers;
  if (authorization !== undefined) {
    const bearer = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1];
    if (bearer === undefined)
      throw unauthorized('invalid-token', 'The Authorization header must be "Bearer" and a token.');
    return { token: bearer, isInUrl: false };
  }
  const inUrl = query.get('token');
  if (inUrl) return { token: inUrl, isInUrl: true };
  return { token: (mayUseCookie(head) && cookieOf(cookie)) || null, isInUrl: false };
}

function cookieOf(header: string | undefined): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === COOKIE) return value?.trim().replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

async function verified(tokens: Tokens, token: string): Promise<Grant> {
  try {
    return await tokens.verify(token);
  } catch (error) {
    if (error instanceof TokenError) throw unauthorized(error.code, error.message);
    throw error;
  }
}

function checkUrlToken({ expiresAt }: Grant, { scope }: Need) {
  if (scope !== 'read')
    throw unauthorized('token-in-url', 'In a URL a token may only read. Send it as "Authorization: Bearer".');
  if (expiresAt - Date.now() > MAX_URL_TOKEN_MS + CLOCK_TOLERANCE_MS)
    throw unauthorized('token-in-url', 'In a URL a token must expire within 10 minutes.');
}

function checkGrant({ scopes, runs }: Grant, need: Need) {
  if (!scopes.has(need.scope))
    throw forbidden('wrong-scope', `The token does not have the scope "${need.scope}".`, need.scope);
  const foreign = runs === '*' ? undefined : need.runs.find((run) => !runs.has(run));
  if (foreign !== undefined) throw forbidden('wrong-run', `The token is not for the run "${foreign}".`);
}

function unauthorized(code: ProblemCode, detail: string): HttpProblem {
  const error = code === 'no-token' ? '' : `, error="invalid_token"`;
  return new HttpProblem(401, code, detail, {
    headers: { 'WWW-Authenticate': `Bearer realm="run-progress"${error}` },
  });
}

function forbidden(code: ProblemCode, detail: string, scope?: Scope): HttpProblem {
  return new HttpProblem(403, code, detail, {
    headers: {
      'WWW-Authenticate': `Bearer realm="run-progress", error="insufficient_scope"${scope ? `, scope="${scope}"` : ''}`,
    },
  });
}

function publishingDisabled(): HttpProblem {
  return new HttpProblem(
    403,
    'publishing-disabled',
    'In production publishing over HTTP needs tokens, as anybody could publish else: set PROGRESS_SECRET, or publish through Redis.',
  );
}
