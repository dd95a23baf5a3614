// Requests that Node's HTTP server would answer by itself: the answer is a problem, with the headers of every answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { exchange, openRaw } from '../support/raw-connection.ts';
import { type Service, startService } from '../support/service.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

const HOST = 'Host: localhost\r\n';
const POST = `POST /api/runs/r/events HTTP/1.1\r\n${HOST}`;

const cases: Record<string, [request: string, status: number, code: string]> = {
  'no host': ['GET /healthz HTTP/1.1\r\n\r\n', 400, 'bad-request'],
  'no host, for a stream': ['GET /api/runs/r/events HTTP/1.1\r\n\r\n', 400, 'bad-request'],
  'two hosts': [`GET /healthz HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`, 400, 'bad-request'],
  'two hosts, for a stream': [`GET /api/runs/r/events HTTP/1.1\r\n${HOST}${HOST}\r\n`, 400, 'bad-request'],
  'two hosts, before another origin asks': [
    `OPTIONS /metrics HTTP/1.1\r\n${HOST}${HOST}\r\n`,
    400,
    'bad-request',
  ],
  'an expectation': [`${POST}Expect: more\r\nContent-Length: 2\r\n\r\n{}`, 417, 'bad-expectation'],
  'a proxy': [`CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n`, 405, 'method-not-allowed'],
  'no HTTP': ['nonsense\r\n\r\n', 400, 'bad-request'],
  'large headers': [`GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
  'a body of two lengths': [
    `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
    'bad-request',
  ],
  'a long chunk extension': [
    `${POST}Transfer-Encoding: chunked\r\n\r\n2;${'a'.repeat(50_000)}\r\n{}\r\n0\r\n\r\n`,
    400,
    'bad-request',
  ],
};

for (const [what, [request, status, code]] of Object.entries(cases))
  test(`${what}: ${status}`, async () => {
    // The connection ends with it.
    const answer = await exchange(service.port, request);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, new RegExp(`"code":"${code}"`));
    assert.match(answer, /\r\nContent-Type: application\/problem\+json/i);
    assert.match(answer, /\r\nX-Content-Type-Options: nosniff\r\n/i);
    assert.match(answer, /\r\nCross-Origin-Resource-Policy: same-origin\r\n/i);
    assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1);
  });

test('what follows a CONNECT is thrown away, and ends nothing', async (t) => {
  const client = await openRaw(service.port);
  t.after(() => client.reset());
  client.send(`CONNECT localhost:80 HTTP/1.1\r\n${HOST}\r\n`);
  await client.until('the answer', (received) => received.includes('"code":"method-not-allowed"'));
  client.send(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
  client.end();
  await client.closed();
  assert.equal(client.received.match(/HTTP\/1\.1 /g)?.length, 1);
  assert.match(
    await exchange(service.port, `GET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`),
    /^HTTP\/1\.1 200 /,
  );
});

test('of HTTP/1.0 no host is asked', async (t) => {
  const open = await startService({ ALLOWED_HOSTS: '*' });
  t.after(() => open.stop());
  assert.match(await exchange(open.port, 'GET /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
});

test('a header behind thousands of others counts as well', async () => {
  const many = 'a:\r\n'.repeat(3000);
  const request = `GET /api/runs/unknown HTTP/1.1\r\n${HOST}Connection: close\r\n${many}Origin: https://app.example\r\n`;
  const posted = request.replace('GET', 'POST').replace('unknown', 'unknown/events');
  assert.match(await exchange(service.port, `${posted}Content-Length: 2\r\n\r\n{}`), /"origin-not-allowed"/);
});
