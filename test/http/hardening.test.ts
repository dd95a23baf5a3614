// Requests that no honest client sends: none gets a 500, none harms the others, and the process lives on.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { request } from 'undici';
import { pollUntil } from '../support/poll-until.ts';
import { publish } from '../support/publish.ts';
import { exchange, openRaw } from '../support/raw-connection.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

let service: Service;
before(async () => {
  service = await startService();
  await publish(service, 'known', { state: 'QA' });
});
after(() => service.stop());

afterEach(async () => {
  assert.equal((await request(`${service.url}/healthz`)).statusCode, 200, 'the service lives on');
  const errors = service.program.lines.filter((line) => /"level":[56]0|Error/.test(line));
  assert.deepEqual(errors, [], 'nothing counts as a fault of the service');
});

const get = (target: string, headers = '') =>
  `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: close\r\n\r\n`;
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);

test('weird targets are a 404 or a 400', async () => {
  const targets = [
    '//evil/api/runs/known',
    '//',
    '///',
    '/..',
    '/../../etc/passwd',
    '/api/runs/../../..',
    '/%2e%2e%2f',
    '/api//runs/known',
    'http://evil.example//',
    'known',
    '*',
    '/?run=%E0%A4%A',
    `/${'a/'.repeat(1000)}`,
    `/${'%'.repeat(500)}`,
    '/\\evil',
    '/api/runs/%',
    '/api/runs/%00',
    '/api/runs/%0d%0aSet-Cookie:x',
    '/__proto__/toString',
    '/api/events?run=%ff%00',
    '/;a=b',
    '/@evil',
  ];
  for (const target of targets) {
    const status = statusOf(await exchange(service.port, get(target)));
    assert.ok([400, 404, 426].includes(status), `${target}: ${status}`);
  }
});

test('an absolute target is answered as its path', async () => {
  assert.equal(statusOf(await exchange(service.port, get('http://localhost/api/runs/known'))), 200);
});

test('what is no HTTP is a 400 or nothing at all', async () => {
  for (const bytes of [
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\r\n\r\n\u0000\u0001\u0002\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: localhost\r\nBad\u0001Header: x\r\n\r\n',
    'POST /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
    'POST /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]),
  ]) {
    const connection = await openRaw(service.port);
    connection.send(bytes);
    connection.end();
    await connection.closed();
    assert.ok(
      connection.received === '' || [400, 408].includes(statusOf(connection.received)),
      `${String(bytes)}: ${connection.received.slice(0, 100)}`,
    );
  }
});

test('huge headers are a 431', async () => {
  const connection = await openRaw(service.port);
  connection.send(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Huge: ${'x'.repeat(20_000)}\r\n\r\n`);
  await connection.until('an answer', (received) => statusOf(received) === 431);
  connection.reset();
});

test('hostile values of headers that are looked at', async () => {
  for (const headers of [
    'Last-Event-ID: \u00ff\u00fe\r\n',
    `Last-Event-ID: ${'9'.repeat(8000)}\r\n`,
    'Last-Event-ID: __proto__\r\n',
    `If-None-Match: ${'"x",'.repeat(2000)}\r\n`,
    'Origin: \u00ff\r\n',
    'Origin: //\r\n',
    'Accept: ,,,\r\n',
    'Content-Length: 0\r\n',
  ])
    assert.equal(
      statusOf(await exchange(service.port, get('/api/runs/known', headers))),
      200,
      headers.slice(0, 60),
    );
  const stream = await openSse(service.eventsUrl('known'), { 'Last-Event-ID': '9'.repeat(8000) });
  await stream.until('a gap', () => stream.snapshots()[0]?.gap);
  stream.close();
});

test('pipelined requests are answered in order', async () => {
  const connection = await openRaw(service.port);
  const keepAlive = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  connection.send(keepAlive('/api/runs/known') + keepAlive('/nothing') + keepAlive('/healthz'));
  await connection.until('three answers', (received) => received.split('HTTP/1.1 ').length === 4);
  const statuses = [...connection.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
  assert.deepEqual(statuses, ['200', '404', '200']);
  connection.reset();
});

test('a stream that is asked for behind other requests is a 400, as it needs its connection for itself', async () => {
  const connection = await openRaw(service.port);
  const keepAlive = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  connection.send(keepAlive('/api/runs/known') + keepAlive('/api/runs/known/events') + keepAlive('/healthz'));
  await connection.until('three answers', (received) => received.split('HTTP/1.1 ').length === 4);
  const statuses = [...connection.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
  assert.deepEqual(statuses, ['200', '400', '200']);
  connection.reset();
});

test('half a request, then a reset or an end', async () => {
  const halves = [
    '',
    'G',
    'GET /api/runs/known HTTP/1.1\r\nHost: local',
    'POST /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"log":',
    'POST /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"lo',
    'GET /ws/known HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    'GET /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\n\r\n',
  ];
  for (const half of halves)
    for (const how of ['reset', 'end'] as const) {
      const connection = await openRaw(service.port);
      connection.send(half);
      connection[how]();
      await connection.closed();
    }
});

test('handshakes that are none', async () => {
  const upgrade = (headers: string) =>
    `GET /ws/known HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n${headers}\r\n`;
  for (const headers of [
    'Upgrade: websocket\r\n',
    'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n',
    'Upgrade: websocket\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
    'Upgrade: h2c\r\n',
  ]) {
    const status = statusOf(await exchange(service.port, upgrade(headers)));
    assert.ok([400, 404, 405, 426].includes(status), `${headers}: ${status}`);
  }
});

test('a hundred readers that vanish leave nothing behind', async (t) => {
  const small = await startService({ MAX_CONNECTIONS: '100' });
  t.after(() => small.stop());
  for (let round = 0; round < 3; round++) {
    const connections = await Promise.all(Array.from({ length: 100 }, () => openRaw(small.port)));
    for (const connection of connections)
      connection.send('GET /api/runs/known/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
    for (const connection of connections)
      await connection.until('a stream', (received) => received.includes('event: ping'));
    const full = await openSse(small.eventsUrl('known'));
    assert.equal(full.status, 503, `round ${round}`);
    for (const connection of connections) connection.reset();
    await Promise.all(connections.map(({ closed }) => closed()));
    await pollUntil('all to be gone', async () => {
      const reader = await openSse(small.eventsUrl('known'));
      reader.close();
      return reader.status === 200;
    });
  }
});

test('a reader that takes nothing holds nobody up, and gets a snapshot when it has fallen off the history', async (t) => {
  const small = await startService({ HISTORY_LIMIT: '50' });
  t.after(() => small.stop());
  const stalled = await openRaw(small.port, { paused: true });
  t.after(stalled.reset);
  stalled.send('GET /api/runs/flood/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const reader = await openSse(small.eventsUrl('flood'));
  t.after(reader.close);
  const log = '가'.repeat(8000);
  const COUNT = 1000;
  for (let n = 0; n < COUNT; n++) await publish(small, 'flood', { log, progress: n / COUNT });
  const last = await publish(small, 'flood', { log: 'the last' });
  await reader.until('the last event', () => reader.all().at(-1)?.id === last.id);
  assert.equal(reader.progress().length, COUNT + 1, 'whoever reads misses nothing');

  stalled.resume();
  await stalled.until('the last event', (received) => received.includes('the last'));
  const ids = [...stalled.received.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  assert.ok(stalled.received.includes('"gap":true'), 'what it has missed is announced');
  assert.ok(ids.length < COUNT);
  assert.equal(ids.at(-1), last.id);
});
