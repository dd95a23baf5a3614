// Makes tokens as an application's backend would.
import { SignJWT } from 'jose';

export const SECRET = 'a secret of thirty-two bytes or more';
export const OLDER_SECRET = 'another secret which is to be retired';

export interface TokenClaims {
  scope?: unknown;
  run?: unknown;
  sub?: string;
  /** Seconds from now. */
  expiresIn?: number | undefined;
}

export function makeToken(claims: TokenClaims = {}, secret = SECRET, algorithm = 'HS256'): Promise<string> {
  const { scope = 'read', run = '*', sub, expiresIn = 300 } = claims;
  const jwt = new SignJWT({ scope, run, ...(sub && { sub }) }).setProtectedHeader({ alg: algorithm });
  jwt.setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn);
  return jwt.sign(
    new TextEncoder().encode(secret.padEnd(64, '.').slice(0, algorithm === 'HS256' ? secret.length : 64)),
  );
}

/** A token without a signature (RFC 7519, 6). */
export function unsecuredToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}
