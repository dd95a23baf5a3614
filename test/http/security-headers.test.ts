// What every answer tells browsers: not to guess its type, and who may use it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { startLocalService } from '../support/local-service.ts';
import { type Service, startService } from '../support/service.ts';
import { makeToken, SECRET } from '../support/token.ts';

const ALLOWED = 'https://app.example';
const ANY_SITE = new Set(['/run-progress.js', '/api/runs/r/badge.svg']);

type Method = 'GET' | 'HEAD' | 'POST' | 'OPTIONS';
/** What is answered where: more answers than routes, each route at least once. */
const answers: [method: Method, path: string, status: number, headers?: Record<string, string>][] = [
  ['GET', '/api/runs/r', 200],
  ['GET', '/api/runs/r', 304, { 'if-none-match': '*' }],
  ['GET', '/api/runs/unknown', 404],
  ['HEAD', '/api/runs/r/events', 200],
  ['GET', '/api/runs/r/events', 200],
  ['GET', '/api/runs/r/events?format=ndjson', 200],
  ['GET', '/api/runs/r/events?format=text', 200],
  ['GET', '/api/runs/unknown/events?wait=0', 204],
  ['GET', '/api/events?run=r&wait=0', 200],
  ['GET', '/api/events', 400],
  ['GET', '/api/runs/r/badge.svg', 200],
  ['GET', '/api/runs/r/badge.svg', 304, { 'if-none-match': '*' }],
  ['POST', '/api/runs/r/events', 201],
  ['POST', '/api/runs/r/events', 401, { authorization: 'Bearer x' }],
  ['POST', '/healthz', 405],
  ['GET', '/ws/r', 426],
  ['GET', '/healthz', 200],
  ['GET', '/readyz', 200],
  ['GET', '/metrics', 200],
  ['GET', '/nothing', 404],
  ['OPTIONS', '/api/runs/r/events', 204],
  ...readdirSync('public').map((name): [Method, string, number] => [
    'GET',
    name === 'index.html' ? '/' : `/${name}`,
    200,
  ]),
];

let service: Service;
let authorization: string;
before(async () => {
  service = await startService({ PROGRESS_SECRET: SECRET, ALLOWED_ORIGINS: ALLOWED });
  authorization = `Bearer ${await makeToken({ scope: 'read publish metrics' })}`;
  await ask(service.url, 'POST', '/api/runs/r/events');
});
after(() => service.stop());

async function ask(url: string, method: Method, path: string, headers: Record<string, string> = {}) {
  const answer = await request(url + path, {
    method,
    headers: { authorization, ...headers },
    ...(method === 'POST' && { body: '{"state":"END"}' }),
  });
  await answer.body.dump();
  return answer;
}

for (const [method, path, status, headers] of answers)
  test(`${method} ${path}: ${status}`, async () => {
    const own = await ask(service.url, method, path, headers);
    assert.equal(own.statusCode, status);
    assert.equal(own.headers['x-content-type-options'], 'nosniff');
    const isForAll = ANY_SITE.has(path);
    assert.equal(own.headers['cross-origin-resource-policy'], isForAll ? 'cross-origin' : 'same-origin');
    const allowed = await ask(service.url, method, path, { ...headers, origin: ALLOWED });
    assert.equal(allowed.headers['cross-origin-resource-policy'], 'cross-origin');
    const foreign = await ask(service.url, method, path, { ...headers, origin: 'https://evil.example' });
    assert.equal(foreign.headers['cross-origin-resource-policy'], isForAll ? 'cross-origin' : 'same-origin');
  });

test('no route is missing here', async (t) => {
  const { routes, stop } = await startLocalService();
  t.after(stop);
  const missing = routes.filter(({ method, path }) => {
    const pattern = new RegExp(`^${path.replaceAll(/:\w+/g, '[^/?]+')}(\\?|$)`);
    return !answers.some(([asked, target]) => asked === method && pattern.test(target));
  });
  assert.deepEqual(
    missing.map(({ path }) => path),
    [],
  );
});

test('where all origins are allowed, every answer is for every site', async (t) => {
  const open = await startService({ ALLOWED_ORIGINS: '*' });
  t.after(() => open.stop());
  for (const path of ['/healthz', '/api/runs/unknown', '/api/runs/unknown/events?wait=0']) {
    const { headers } = await ask(open.url, 'GET', path);
    assert.equal(headers['cross-origin-resource-policy'], 'cross-origin', path);
  }
});

test('the page loads only its own, sends no address on, and stands in no foreign frame', async () => {
  const { headers } = await ask(service.url, 'GET', '/');
  const policy = `${headers['content-security-policy']}`;
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'self'", "base-uri 'none'"])
    assert.ok(policy.split('; ').includes(rule), rule);
  assert.equal(headers['referrer-policy'], 'no-referrer');
  const again = await ask(service.url, 'GET', '/', { 'if-none-match': `${headers.etag}` });
  assert.equal(again.statusCode, 304);
  assert.equal(again.headers['x-content-type-options'], 'nosniff');
});

test('what is no HTTP gets nosniff, too', async () => {
  const socket = connect(service.port, '127.0.0.1');
  socket.write('nonsense\r\n\r\n');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  await once(socket, 'close');
  assert.match(text, /^HTTP\/1\.1 400 .*X-Content-Type-Options: nosniff\r\n/s);
});
