// The whole log, at the level that says most, of services that were used with tokens in every place, and refused them, and
// lost a Redis that has a password: it holds no token, no secret and no password.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { startProgram } from '../support/program.ts';
import { exchange } from '../support/raw-connection.ts';
import { startRedis } from '../support/redis.ts';
import { launchService, startService } from '../support/service.ts';
import { makeToken, OLDER_SECRET, SECRET } from '../support/token.ts';

const PASSWORD = 'a-password-of-redis';
const WRONG_PASSWORD = 'not-the-password-of-redis';
const SECRETS = [SECRET, OLDER_SECRET, PASSWORD, WRONG_PASSWORD];
const redis = await startRedis({ args: ['--requirepass', PASSWORD] });
after(() => redis.stop());
const withPassword = (password: string) => redis.url.replace('redis://', `redis://:${password}@`);

/** As proxies and broken clients write them: the token in an absolute target, in an upgrade, in what can't be read at all. */
function rawRequests(token: string, port: number): string[] {
  const bearer = `Authorization: Bearer ${token}\r\n`;
  const end = `Host: localhost:${port}\r\nConnection: close\r\n\r\n`;
  const h2c = 'Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n';
  return [
    `GET http://localhost:${port}/api/runs/r?token=${token} HTTP/1.1\r\n${end}`,
    `GET http://localhost:${port}/api/runs/r/events?wait=0&token=${token} HTTP/1.1\r\n${end}`,
    `GET http://localhost:${port}/ws/r?token=${token} HTTP/1.1\r\nUpgrade: websocket\r\n${end}`,
    `GET /api/runs/r?token=${token} HTTP/9.9\r\n${end}`,
    `GET /api/runs/r?token=${token}\u0001 HTTP/1.1\r\n${bearer}${end}`,
    `GET /api/runs/r?token=${token} HTTP/1.1\r\n${bearer}X: ${'x'.repeat(20_000)}\r\n${end}`,
    `GET /api/runs/r?token=${token} HTTP/1.1\r\n${bearer}\r\n`,
    `POST /api/runs/r/events?token=${token} HTTP/1.1\r\nExpect: x\r\n${bearer}${end}`,
    `POST /api/runs/r/events HTTP/1.1\r\n${bearer}Transfer-Encoding: chunked\r\n${end}zz\r\n`,
    `GET /api/runs/r?token=${token} HTTP/1.1\r\n${h2c}${bearer}Host: localhost\r\n\r\n`,
    `CONNECT ${token}:80 HTTP/1.1\r\n${bearer}${end}`,
    `GET /api/runs/${token}?run=${token} HTTP/1.1\r\n${end}`.replace('/api/runs/', '/nothing/'),
    `GET / HTTP/1.1\r\nCookie: run_progress_token="${token}"; Proxy-Authorization: Bearer ${token}\r\n${end}`,
  ];
}

/** Also its parts: a claim alone tells who somebody is, a signature alone makes a token of known claims. */
function checkLog(lines: readonly string[], tokens: readonly string[]) {
  const log = lines.join('\n');
  assert.ok(log.length > 0);
  for (const secret of [...SECRETS, ...tokens.flatMap((token) => [token, ...token.split('.')])])
    assert.ok(!log.includes(secret), `the log holds ${secret}`);
  assert.doesNotMatch(log, /eyJ|token=/);
}

test('no token, no secret and no password is logged', async (t) => {
  const service = await startService({
    LOG_LEVEL: 'trace',
    PROGRESS_SECRET: `${SECRET},${OLDER_SECRET}`,
    REDIS_URL: withPassword(PASSWORD),
  });
  t.after(() => service.stop('SIGKILL'));
  const good = await makeToken({ scope: 'read publish metrics', run: 'r', sub: 'ada' });
  const tokens = [
    good,
    await makeToken({ scope: 'publish', run: 'other' }, OLDER_SECRET),
    await makeToken({ run: 'r', expiresIn: -60 }),
    await makeToken({ run: 'r' }, 'a key that this service does not know at all'),
    `${good.slice(0, -4)}AAAA`,
  ];
  const paths = [
    '/api/runs/r',
    '/api/runs/r/events?wait=0',
    '/api/events?run=r&wait=0',
    '/metrics',
    '/nothing?x=1',
  ];
  for (const token of tokens) {
    const places = [{ authorization: `Bearer ${token}` }, { cookie: `run_progress_token=${token}` }, null];
    for (const headers of places)
      for (const path of paths) {
        const query = headers ? '' : `${path.includes('?') ? '&' : '?'}token=${token}`;
        await (await request(service.url + path + query, { headers: headers ?? {} })).body.dump();
      }
    const body = await request(service.eventsUrl('r'), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{"log":"line"}',
    });
    await body.body.dump();
    const malformed = await request(`${service.url}/api/runs/r?token=${token}&x=%ff`);
    await malformed.body.dump();
    for (const bytes of rawRequests(token, service.port)) await exchange(service.port, bytes);
    const socket = new WebSocket(`${service.webSocketUrl('r')}?token=${token}`);
    socket.on('error', () => {}); // It was refused.
    await new Promise((resolve) => {
      socket.once('open', resolve);
      socket.once('unexpected-response', resolve);
    });
    socket.terminate();
  }
  const stream = await request(
    `${service.eventsUrl('r')}?token=${await makeToken({ run: 'r', expiresIn: 2 })}`,
  );
  await assert.rejects(stream.body.text());
  await service.program.waitForLine('the end of a stream', (line) => line.includes('its token expired'));
  checkLog(service.program.lines, tokens);
});

test('a wrong password is not logged', async (t) => {
  const service = await launchService({ LOG_LEVEL: 'trace', REDIS_URL: withPassword(WRONG_PASSWORD) });
  t.after(() => service.stop('SIGKILL'));
  await service.program.waitForLine('the refusal', (line) => /WRONGPASS|invalid password|NOAUTH/i.test(line));
  checkLog(service.program.lines, []);
});

test('a Redis that goes away leaves no password in the log', async (t) => {
  const other = await startRedis({ args: ['--requirepass', PASSWORD] });
  t.after(() => other.stop());
  const service = await startService({
    LOG_LEVEL: 'trace',
    REDIS_URL: other.url.replace('redis://', `redis://:${PASSWORD}@`),
  });
  t.after(() => service.stop('SIGKILL'));
  await other.stop();
  await service.program.waitForLine('the loss', (line) => line.includes('ECONNREFUSED'));
  checkLog(service.program.lines, []);
});

test('a setting that can not be used is not quoted, if it is secret', async (t) => {
  for (const env of [{ PROGRESS_SECRET: 'short-secret' }, { REDIS_URL: `http://:${PASSWORD}@localhost` }]) {
    const program = startProgram(process.execPath, ['dist/main.js'], {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'trace', ...env },
    });
    t.after(() => program.stop('SIGKILL'));
    assert.notEqual((await program.exited).code, 0);
    checkLog(program.lines, ['short-secret']);
  }
});
