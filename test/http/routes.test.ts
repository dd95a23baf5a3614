// Paths, methods and names: what is where, and what is said where nothing is.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { publish } from '../support/publish.ts';
import { exchange } from '../support/raw-connection.ts';
import { launchService, type Service, startService } from '../support/service.ts';

let service: Service;
before(async () => {
  service = await startService();
  await publish(service, 'known', { state: 'QA' });
});
after(() => service.stop());

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD';

async function answer(path: string, method: Method = 'GET', headers: Record<string, string> = {}) {
  const { statusCode, headers: got, body } = await request(`${service.url}${path}`, { method, headers });
  const text = await body.text();
  return {
    status: statusCode,
    headers: got,
    text,
    problem: () => JSON.parse(text) as Record<string, unknown>,
  };
}

test('the address of a WebSocket says so to plain HTTP', async () => {
  const response = await request(`${service.url}/ws/known`);
  await response.body.dump();
  assert.equal(response.statusCode, 426);
  assert.equal(response.headers.upgrade, 'websocket');
});

test('an unknown path is a 404 in problem+json', async () => {
  for (const path of [
    '/nothing',
    '/api',
    '/api/runs',
    '/api/runs/known/',
    '/api/runs/known/other',
    '/page.css/',
    '/%2e%2e/etc/passwd',
    '/__proto__',
    '/constructor',
  ]) {
    const { status, headers, problem } = await answer(path);
    assert.equal(status, 404, path);
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
    const { type, title, code, status: inBody } = problem();
    assert.deepEqual(
      [type, title, code, inBody],
      ['about:blank', 'Not Found', path === '/ws/known' ? code : 'not-found', 404],
    );
  }
});

test('a wrong method is a 405 with Allow', async () => {
  const wrong: [Method, string, string][] = [
    ['DELETE', '/api/runs/known', 'GET, HEAD'],
    ['POST', '/api/runs/known', 'GET, HEAD'],
    ['PUT', '/api/runs/known/events', 'GET, HEAD, POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['PATCH', '/', 'GET, HEAD'],
  ];
  for (const [method, path, allow] of wrong) {
    const { status, headers, problem } = await answer(path, method);
    assert.deepEqual(
      [status, headers.allow, problem().code],
      [405, allow, 'method-not-allowed'],
      `${method} ${path}`,
    );
  }
});

test('HEAD has the headers of GET and no body', async () => {
  for (const path of [
    '/',
    '/api/runs/known',
    '/api/runs/known/events',
    '/api/runs/unknown',
    '/nothing',
    '/healthz',
  ]) {
    const { status, headers, text } = await answer(path, 'HEAD');
    assert.equal(text, '', path);
    if (path.endsWith('/events')) {
      assert.deepEqual([status, headers['content-type']], [200, 'text/event-stream; charset=utf-8']);
      continue;
    }
    const get = await answer(path);
    assert.equal(status, get.status, path);
    assert.equal(headers['content-type'], get.headers['content-type'], path);
    assert.equal(headers['content-length'], get.headers['content-length'], path);
  }
});

test('malformed percent-encoding is a 400', async () => {
  for (const run of ['%E0%A4%A', '%', '%zz', 'a%', '%C3%28', '%FF'])
    for (const path of [`/api/runs/${run}`, `/api/runs/${run}/events`]) {
      const { status, problem } = await answer(path);
      assert.deepEqual([status, problem().code], [400, 'bad-encoding'], path);
    }
});

test('a run id may hold what a path may not: slashes, questions, spaces, emoji', async () => {
  for (const run of ['a/b', '?', '#', '...', ' ', '🎉', '%', 'a%2Fb', '__proto__', '//', '\\', '+']) {
    const event = await publish(service, run, { log: run });
    assert.equal(event.run_id, run);
    const { status, text } = await answer(`/api/runs/${encodeURIComponent(run)}`);
    assert.equal(status, 200, run);
    assert.equal(JSON.parse(text).run_id, run);
    assert.deepEqual(JSON.parse(text).logs, [run]);
  }
});

test('outside production only names of this machine are answered to', async () => {
  const host = (name: string) =>
    exchange(service.port, `GET /api/runs/known HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  for (const name of [
    'localhost',
    'LOCALHOST:8000',
    'a.localhost',
    '127.0.0.1',
    '10.1.2.3:80',
    '[::1]',
    '[::1]:8000',
  ])
    assert.match(await host(name), /^HTTP\/1\.1 200 /, name);
  for (const name of [
    'evil.example',
    'localhost.evil.example',
    'evil.example:8000',
    '',
    'notlocalhost',
    '127.0.0.1.evil.example',
  ]) {
    const text = await host(name);
    assert.match(text, /^HTTP\/1\.1 403 /, name);
    assert.match(text, /"code":"host-not-allowed"/, name);
  }
});

test('names of ALLOWED_HOSTS are answered to, and a health check under any name', async (t) => {
  const named = await startService({ ALLOWED_HOSTS: 'App.example.com' });
  t.after(() => named.stop());
  const ask = (path: string, host: string) =>
    exchange(named.port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  assert.match(await ask('/', 'app.example.com:8443'), /^HTTP\/1\.1 200 /);
  assert.match(await ask('/', 'web'), /^HTTP\/1\.1 403 /);
  for (const path of ['/healthz', '/readyz', '/healthz?x=1'])
    assert.match(await ask(path, 'web'), /^HTTP\/1\.1 200 /);
});

test('in production any name will do', async (t) => {
  const production = await launchService({ NODE_ENV: 'production' });
  t.after(() => production.stop());
  const text = await exchange(
    production.port,
    'GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n',
  );
  assert.match(text, /^HTTP\/1\.1 200 /);
});

test('the page and its parts are served, with a policy that lets nothing else in', async () => {
  const page = await answer('/');
  assert.equal(page.status, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  const parts = [...page.text.matchAll(/\s(?:src|href)="([^"]*)"/g)].map(([, part]) => part ?? '');
  assert.ok(parts.includes('page.js') && parts.includes('icon.svg'));
  for (const part of parts)
    assert.equal((await answer(new URL(part, `${service.url}/`).pathname)).status, 200, part);
  const throughApache = String(page.headers.etag).replace(/"$/, '-gzip"');
  assert.equal((await answer('/', 'GET', { 'If-None-Match': throughApache })).status, 304);
  const again = await answer('/', 'GET', { 'If-None-Match': String(page.headers.etag) });
  assert.equal(again.status, 304);
});

test('healthz and readyz answer', async () => {
  assert.deepEqual([(await answer('/healthz')).text, (await answer('/readyz')).text], ['ok\n', 'ready\n']);
});
