// Makes tokens as an application's backend would.
import { SignJWT } from 'jose';
import { keepSecret } from './kept-log.ts';

export const SECRET = keepSecret('a secret of thirty-two bytes or more');
export const OLDER_SECRET = keepSecret('another secret which is to be retired');
/** That the service does not know at all. */
export const FOREIGN_SECRET = keepSecret('a key that this service does not know at all');

export interface TokenClaims {
  scope?: unknown;
  run?: unknown;
  sub?: string;
  /** Seconds from now. */
  expiresIn?: number | undefined;
}

export async function makeToken(
  claims: TokenClaims = {},
  secret = SECRET,
  algorithm = 'HS256',
): Promise<string> {
  const { scope = 'read', run = '*', sub, expiresIn = 300 } = claims;
  const jwt = new SignJWT({ scope, run, ...(sub && { sub }) }).setProtectedHeader({ alg: algorithm });
  jwt.setExpirationTime(Math.floor(Date.now() / 1000) + expiresIn);
  return keepSecret(
    await jwt.sign(
      new TextEncoder().encode(secret.padEnd(64, '.').slice(0, algorithm === 'HS256' ? secret.length : 64)),
    ),
  );
}

/** A token without a signature (RFC 7519, 6). */
export function unsecuredToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return keepSecret(`${part({ alg: 'none' })}.${part(claims)}.`);
}
