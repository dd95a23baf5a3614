import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { createTokens, TokenError } from '../../src/http/tokens.ts';
import { FOREIGN_SECRET, makeToken, OLDER_SECRET, SECRET, unsecuredToken } from '../support/token.ts';

const tokens = createTokens([SECRET, OLDER_SECRET]);
const later = Math.floor(Date.now() / 1000) + 300;

function refused(code: string) {
  return (error: unknown) => error instanceof TokenError && error.code === code;
}

test('a token says which scopes and runs it is for, and until when', async () => {
  const grant = await tokens.verify(await makeToken({ scope: 'read publish', run: ['a', 'b'], sub: 'ada' }));
  assert.deepEqual([...grant.scopes], ['read', 'publish']);
  assert.deepEqual(grant.runs, new Set(['a', 'b']));
  assert.equal(grant.subject, 'ada');
  assert.ok(Math.abs(grant.expiresAt - (Date.now() + 300_000)) < 5000);
});

test('a run is compared after NFC', async () => {
  const { runs } = await tokens.verify(await makeToken({ run: '우주'.normalize('NFD') }));
  assert.deepEqual(runs, new Set(['우주'.normalize('NFC')]));
});

test('a token without runs is for none', async () => {
  const jwt = await new SignJWT({ scope: 'metrics', exp: later })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  assert.deepEqual((await tokens.verify(jwt)).runs, new Set());
});

test('each of several keys may have signed', async () => {
  assert.equal((await tokens.verify(await makeToken({}, OLDER_SECRET))).runs, '*');
});

test('what is no valid token is refused, with a code', async (t) => {
  const good = await makeToken();
  const [head, body, signature] = good.split('.');
  const forged = Buffer.from(JSON.stringify({ scope: 'read', run: '*', exp: later + 3600 })).toString(
    'base64url',
  );
  const noExpiry = await new SignJWT({ scope: 'read', run: '*' })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(SECRET));
  const cases: [string, string, string][] = [
    ['another key', await makeToken({}, FOREIGN_SECRET), 'invalid-token'],
    ['a changed body', `${head}.${forged}.${signature}`, 'invalid-token'],
    ['no signature', `${head}.${body}.`, 'invalid-token'],
    ['alg: none', unsecuredToken({ scope: 'read', run: '*', exp: later }), 'invalid-token'],
    ['another algorithm', await makeToken({}, SECRET, 'HS512'), 'invalid-token'],
    ['expired', await makeToken({ expiresIn: -60 }), 'expired-token'],
    ['expired a second ago', await makeToken({ expiresIn: -1 }), 'expired-token'],
    ['no expiry', noExpiry, 'invalid-token'],
    ['a scope that is no string', await makeToken({ scope: ['read'] }), 'invalid-token'],
    ['a run that is no run_id', await makeToken({ run: ['a', 7] }), 'invalid-token'],
    ['an empty run_id', await makeToken({ run: '' }), 'invalid-token'],
    ['no JWT', 'abc', 'invalid-token'],
    ['nothing', '', 'invalid-token'],
  ];
  for (const [name, token, code] of cases)
    await t.test(name, () => assert.rejects(tokens.verify(token), refused(code)));
});
