// The environment: defaults, and that every value that can't be used is named.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, parseConfig } from '../src/config.ts';
import { startProgram } from './support/program.ts';

test('an empty environment gives the defaults', () => {
  assert.deepEqual(parseConfig({}), {
    host: '127.0.0.1',
    port: 8000,
    basePath: '',
    isProduction: false,
    processes: 1,
    redisUrl: null,
    redisCluster: null,
    redisTlsInsecure: false,
    rawChannel: 'autoshorts:progress',
    keyPrefix: 'autoshorts',
    terminalStates: ['END', 'FAILED'],
    historyLimit: 500,
    runTtlMs: 86_400_000,
    finishedTtlMs: 3_600_000,
    maxConnections: 10_000,
    maxConnectionsPerRun: Number.POSITIVE_INFINITY,
    maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
    trustedProxies: 0,
    publishRate: Number.POSITIVE_INFINITY,
    secrets: [],
    heartbeatMs: 15_000,
    drainMs: 0,
    shutdownMs: 4000,
    allowedHosts: [],
    allowedOrigins: [],
    logLevel: 'info',
  });
  assert.ok(Object.isFrozen(parseConfig({})));
  assert.deepEqual(parseConfig({ PORT: '', REDIS_URL: '', TERMINAL_STATES: '' }), parseConfig({}));
});

test('it listens to all addresses where a platform gives the port, or in production', () => {
  assert.equal(parseConfig({ PORT: '5000' }).host, '0.0.0.0');
  assert.equal(parseConfig({ NODE_ENV: 'production' }).host, '0.0.0.0');
  assert.equal(parseConfig({ NODE_ENV: 'production', HOST: '::1' }).host, '::1');
});

test('a base path has no slash at its end', () => {
  for (const [value, path] of [
    ['/progress', '/progress'],
    ['/a/b.c/', '/a/b.c'],
    ['/', ''],
  ] as const)
    assert.equal(parseConfig({ BASE_PATH: value }).basePath, path);
});

test('values are taken', () => {
  const config = parseConfig({
    REDIS_URL: 'rediss://:secret@example.com:6380',
    REDIS_TLS_INSECURE: '1',
    TERMINAL_STATES: ' 완료 , FAILED',
    HEARTBEAT_SECONDS: '1',
    ALLOWED_ORIGINS: 'https://a.example/, http://b.example:8080',
  });
  assert.equal(config.redisUrl, 'rediss://:secret@example.com:6380');
  assert.equal(config.redisTlsInsecure, true);
  assert.deepEqual(config.terminalStates, ['완료', 'FAILED']);
  assert.equal(config.heartbeatMs, 1000);
  assert.deepEqual(config.allowedOrigins, ['https://a.example', 'http://b.example:8080']);
  assert.equal(parseConfig({ ALLOWED_ORIGINS: '*' }).allowedOrigins, '*');
  assert.equal(parseConfig({ LOG_LEVEL: 'INFO' }).logLevel, 'info');
});

const INVALID: [string, string[]][] = [
  ['PORT', ['-1', '65536', '80.5', 'http', '0x50', '8000 ', '1e3']],
  ['BASE_PATH', ['progress', '//', '/a//b', '/a b', '/../x', '/a/.', '/%20', 'http://x/', '/a?b']],
  ['REDIS_URL', ['localhost:6379', 'http://localhost', 'redis', '://']],
  ['REDIS_CLUSTER', ['yes', '2']],
  ['REDIS_TLS_INSECURE', ['yes', 'true', '2']],
  ['PROGRESS_CHANNEL', ['a b', 'x'.repeat(201), 'autoshorts:marker', 'autoshorts:run:1', 'a\n']],
  ['KEY_PREFIX', ['a b', 'x'.repeat(201), '\u0000']],
  ['TERMINAL_STATES', [',', 'END,', 'x'.repeat(65)]],
  ['HISTORY_LIMIT', ['0', '100001', 'all']],
  ['RUN_TTL_SECONDS', ['0', '-5', '999999999999']],
  ['FINISHED_TTL_SECONDS', ['0', '1h']],
  ['MAX_CONNECTIONS', ['0', 'unlimited']],
  ['WEB_CONCURRENCY', ['0', '257', 'auto', '1.5']],
  ['HEARTBEAT_SECONDS', ['0', '31', '3600', '0.5']],
  ['DRAIN_SECONDS', ['601', '-1']],
  ['SHUTDOWN_SECONDS', ['0', '601']],
  ['ALLOWED_ORIGINS', ['example.com', 'https://a.example/path', 'https://a.example,*']],
  ['ALLOWED_HOSTS', ['https://a.example', 'a.example:8080', 'a.example,*']],
  ['LOG_LEVEL', ['verbose', 'infos']],
  ['PROGRESS_SECRET', ['x'.repeat(31), `${'x'.repeat(32)},short`]],
  ['MAX_CONNECTIONS_PER_RUN', ['0', '-1', 'many']],
  ['MAX_CONNECTIONS_PER_ADDRESS', ['0', '1.5']],
  ['TRUSTED_PROXIES', ['-1', '11']],
  ['PUBLISH_RATE', ['0', 'fast']],
];

for (const [variable, values] of INVALID)
  test(`an invalid ${variable} is named`, () => {
    for (const value of values)
      assert.throws(
        () => parseConfig({ [variable]: value }),
        (error) => error instanceof ConfigError && error.message.startsWith(`${variable} `),
        value,
      );
  });

test('names are measured in bytes, as the subscription must reach Redis in one packet', () => {
  for (const name of ['PROGRESS_CHANNEL', 'KEY_PREFIX']) {
    for (const value of ['x'.repeat(150), '가'.repeat(50)])
      assert.ok(Object.values(parseConfig({ [name]: value })).includes(value));
    for (const value of ['x'.repeat(151), '가'.repeat(51), '🎉'.repeat(38)])
      assert.throws(
        () => parseConfig({ [name]: value }),
        (error) =>
          error instanceof ConfigError && error.message === `${name} must be 1 to 150 bytes without spaces`,
      );
  }
});

test("a Redis URL's password is not in the message", () => {
  assert.throws(
    () => parseConfig({ REDIS_URL: 'http://:secret@example.com' }),
    (error) => error instanceof ConfigError && !error.message.includes('secret'),
  );
});

test('an invalid value stops the start with one line and exit code 1', async () => {
  const program = startProgram(process.execPath, ['dist/main.js'], {
    env: { PATH: process.env.PATH, HEARTBEAT_SECONDS: 'soon' },
  });
  assert.deepEqual(await program.exited, { code: 1, signal: null });
  assert.deepEqual(program.lines, [
    'run-progress: HEARTBEAT_SECONDS must be a whole number from 1 to 30, not "soon"',
  ]);
});
