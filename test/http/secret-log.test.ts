// The whole log of services that were used with tokens in every place, and refused them, and
// lost a Redis that has a password: it holds no token, no secret and no password.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { secretsIn } from '../../scripts/kept-logs.js';
import { keepSecret } from '../support/kept-log.ts';
import { type Program, startProgram } from '../support/program.ts';
import { exchange } from '../support/raw-connection.ts';
import { REDIS_PASSWORD, startRedis } from '../support/redis.ts';
import { launchService, startService } from '../support/service.ts';
import { FOREIGN_SECRET, makeToken, OLDER_SECRET, SECRET } from '../support/token.ts';

const WRONG_PASSWORD = keepSecret('not-the-one-of-any-redis');
const SHORT_SECRET = keepSecret('a-secret-too-short');
const SECRETS = [SECRET, OLDER_SECRET, REDIS_PASSWORD, WRONG_PASSWORD, SHORT_SECRET];
const redis = await startRedis({ args: ['--requirepass', REDIS_PASSWORD] });
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

/** At the end of a run those of all tests are searched: here a failure says at once which test it was. */
function checkLog({ lines }: Program, tokens: readonly string[] = []) {
  assert.ok(lines.length > 0);
  assert.deepEqual(secretsIn(lines.join('\n'), [...SECRETS, ...tokens]), []);
}

test('no token, no secret and no password is logged', async (t) => {
  const service = await startService({
    LOG_LEVEL: 'trace',
    PROGRESS_SECRET: `${SECRET},${OLDER_SECRET}`,
    REDIS_URL: withPassword(REDIS_PASSWORD),
  });
  t.after(() => service.stop('SIGKILL'));
  const good = await makeToken({ scope: 'read publish metrics', run: 'r', sub: 'ada' });
  const tokens = [
    good,
    await makeToken({ scope: 'publish', run: 'other' }, OLDER_SECRET),
    await makeToken({ run: 'r', expiresIn: -60 }),
    await makeToken({ run: 'r' }, FOREIGN_SECRET),
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
  checkLog(service.program, tokens);
});

test('a wrong password is not logged', async (t) => {
  const service = await launchService({ LOG_LEVEL: 'trace', REDIS_URL: withPassword(WRONG_PASSWORD) });
  t.after(() => service.stop('SIGKILL'));
  await service.program.waitForLine('the refusal', (line) => /WRONGPASS|invalid password|NOAUTH/i.test(line));
  checkLog(service.program);
});

test('a Redis that goes away leaves no password in the log', async (t) => {
  const other = await startRedis({ args: ['--requirepass', REDIS_PASSWORD] });
  t.after(() => other.stop());
  const service = await startService({
    LOG_LEVEL: 'trace',
    REDIS_URL: other.url.replace('redis://', `redis://:${REDIS_PASSWORD}@`),
  });
  t.after(() => service.stop('SIGKILL'));
  await other.stop();
  await service.program.waitForLine('the loss', (line) => line.includes('ECONNREFUSED'));
  checkLog(service.program);
});

test('a setting that can not be used is not quoted, if it is secret', async (t) => {
  for (const env of [
    { PROGRESS_SECRET: SHORT_SECRET },
    { REDIS_URL: `http://:${REDIS_PASSWORD}@localhost` },
  ]) {
    const program = startProgram(process.execPath, ['dist/main.js'], {
      env: { PATH: process.env.PATH, LOG_LEVEL: 'trace', ...env },
    });
    t.after(() => program.stop('SIGKILL'));
    assert.notEqual((await program.exited).code, 0);
    checkLog(program);
  }
});
