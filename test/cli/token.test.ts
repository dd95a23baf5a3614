// `run-progress token`: what it makes is what the service takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokens } from '../../src/http/tokens.ts';
import { OLDER_SECRET, SECRET } from '../support/token.ts';
import { runCli } from './cli.ts';

const SECRETS = [SECRET, OLDER_SECRET];
const env = { PROGRESS_SECRET: SECRETS.join(',') };
const grantOf = async (args: readonly string[]) => {
  const { code, stdout, stderr } = await runCli(['token', ...args], env);
  assert.equal(code, 0, stderr);
  return createTokens(SECRETS.slice(0, 1)).verify(stdout.trim());
};

test('a token is for its runs, scopes, bearer and time', async () => {
  const before = Date.now();
  const one = await grantOf(['--run', '우주'.normalize('NFD')]);
  assert.deepEqual([...one.scopes, ...one.runs, one.subject], ['read', '우주', '']);
  assert.ok(Math.abs(one.expiresAt - before - 3_600_000) < 60_000);
  const many = await grantOf([
    '--run',
    'a',
    '--run',
    'b',
    '--scope',
    'read publish',
    '--ttl',
    '30d',
    '--sub',
    'w',
  ]);
  assert.deepEqual([[...many.scopes], [...many.runs], many.subject], [['read', 'publish'], ['a', 'b'], 'w']);
  assert.ok(many.expiresAt - before > 29 * 86_400_000);
  assert.equal((await grantOf(['--run', '*'])).runs, '*');
  assert.deepEqual([...(await grantOf(['--scope', 'metrics'])).runs], []);
});
