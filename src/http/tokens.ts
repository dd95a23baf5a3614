// Verifies tokens: which scopes they have, for which runs, and until when. A token is a JWT (RFC 7519) signed by HS256.
// token-gate.ts finds the token in a request, and answers a refusal.
import { errors, jwtVerify } from 'jose';
import { parseRunId } from '../runs/run-id.ts';

/** What a token allows. */
export interface Grant {
  readonly scopes: ReadonlySet<string>;
  /** Run ids in NFC, or '*' for every run. */
  readonly runs: ReadonlySet<string> | '*';
  /** The claim `sub`; '' without one. */
  readonly subject: string;
  /** The claim `exp`: ms since 1970, by the host's clock. */
  readonly expiresAt: number;
}

/** Why a token can't be used. Stable codes. */
export type TokenFault = 'invalid-token' | 'expired-token';

export class TokenError extends Error {
  readonly code: TokenFault;

  constructor(code: TokenFault, message: string) {
    super(message);
    this.name = 'TokenError';
    this.code = code;
  }
}

export interface Tokens {
  /** What the token allows. Throws TokenError; the message is for the token's bearer and quotes nothing of it. */
  verify(token: string): Promise<Grant>;
}

/** The clock of the machine that makes tokens may be ahead of this one (claim `nbf`). */
const CLOCK_TOLERANCE_SECONDS = 5;

/** Any of the secrets may have signed: to change one, put the new one first and take the old one away later. */
export function createTokens(secrets: readonly string[]): Tokens {
  const keys = secrets.map((secret) => new TextEncoder().encode(secret));

  async function claimsOf(token: string): Promise<Readonly<Record<string, unknown>>> {
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          requiredClaims: ['exp'],
        });
        return payload;
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue;
        throw refusal(error);
      }
    }
    throw new TokenError('invalid-token', 'None of the keys of PROGRESS_SECRET has signed this token.');
  }

  return {
    verify: async (token) => {
      const grant = grantOf(await claimsOf(token));
      // No tolerance here: what has just been ended for its token would come back, and be ended again.
      if (grant.expiresAt <= Date.now()) throw expired();
      return grant;
    },
  };
}

function grantOf({ scope, run, sub, exp }: Readonly<Record<string, unknown>>): Grant {
  if (typeof scope !== 'string')
    throw new TokenError('invalid-token', 'The claim "scope" must be a string, as "read publish".');
  return {
    scopes: new Set(scope.split(' ')),
    runs: runsOf(run),
    subject: typeof sub === 'string' ? sub : '',
    expiresAt: Number(exp) * 1000,
  };
}

/** A run_id, a list of them, or '*'. Compared after NFC, as everywhere. */
function runsOf(run: unknown): ReadonlySet<string> | '*' {
  if (run === '*') return '*';
  const runs = new Set<string>();
  for (const name of Array.isArray(run) ? run : run === undefined ? [] : [run]) {
    const parsed = parseRunId(name);
    if ('problem' in parsed)
      throw new TokenError('invalid-token', `The claim "run" must be a run_id, a list of them, or "*".`);
    runs.add(parsed.runId);
  }
  return runs;
}

function expired(): TokenError {
  return new TokenError('expired-token', 'The token has expired.');
}

function refusal(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return expired();
  if (error instanceof errors.JWTClaimValidationFailed)
    return new TokenError('invalid-token', `The claim "${error.claim}" is missing or not met.`);
  if (error instanceof errors.JOSEError)
    return new TokenError('invalid-token', 'The token must be a JWT that is signed by HS256.');
  return error;
}
