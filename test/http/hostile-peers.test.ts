// Peers that ask for too much, never read, or send what nobody expects.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { codeOf, connected, H2C, setUp } from '../support/peers.ts';
import { pollUntil } from '../support/poll-until.ts';
import { exchange } from '../support/raw-connection.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

const MEBIBYTE = 1024 * 1024;
const HANDSHAKE =
  'GET /ws/r HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** A frame as a client sends it (RFC 6455, 5.2), masked by zeros. */
function frame(opcode: number, payload: string): Buffer {
  return Buffer.concat([
    Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]),
    Buffer.from(payload),
  ]);
}

for (const [name, ping] of [
  ['pings of pages', frame(0x1, '{"type":"ping"}')],
  ['pings of the protocol', frame(0x9, 'x'.repeat(125))],
] as const)
  test(`a WebSocket that sends ${name} and never reads is ended, and the answers never fill the memory`, async (t) => {
    const service = await setUp(t, { heartbeatMs: 250 });
    const peer = await connected(t, service);
    await peer.send(HANDSHAKE);
    await pollUntil('its place', async () => service.openCount() === 1);
    const block = Buffer.concat(Array.from({ length: 1000 }, () => ping));
    let mostBuffered = 0;
    for (let sent = 0; peer.isOpen && sent < 64 * MEBIBYTE; sent += block.length) {
      await peer.send(block);
      for (const { writableLength } of service.sockets) mostBuffered = Math.max(mostBuffered, writableLength);
    }
    assert.ok(mostBuffered < MEBIBYTE, `${mostBuffered} bytes waited for it`);
    await pollUntil('its place to be free', async () => service.openCount() === 0);
  });

test('a WebSocket whose client breaks the protocol, and never closes its side, is gone soon', async (t) => {
  const service = await setUp(t);
  const peer = await connected(t, service);
  await peer.send(HANDSHAKE);
  await pollUntil('its place', async () => service.openCount() === 1);
  await peer.send(Buffer.from([0x81, 0x02, 0x7b, 0x7d])); // Not masked.
  // Sooner than ws lets go by itself.
  await pollUntil('its place to be free', async () => service.openCount() === 0, 20_000);
  assert.equal(service.sockets.size, 0);
});

test('a ping of the protocol is answered by one pong', async (t) => {
  const service = await setUp(t);
  const reader = await openSocket(`ws://127.0.0.1:${service.port}/ws/r`);
  t.after(() => reader.socket.terminate());
  const pongs: string[] = [];
  reader.socket.on('pong', (data) => pongs.push(data.toString()));
  reader.socket.ping('are you there?');
  reader.socket.send('{"type":"ping"}');
  await reader.until('what is answered after it', () => reader.messages.length === 1);
  assert.deepEqual(pongs, ['are you there?']);
});

test('made-up runs: beyond so many open ones comes 503, and those that are open go on', async (t) => {
  const service = await setUp(t, { maxOpenRuns: 20 });
  await service.store.publish('known', { log: 'one' });
  const stream = await openSse(`${service.url}/api/events?run=a&run=b`);
  t.after(stream.close);
  for (const path of ['/api/runs/c', '/api/runs/c/events', '/api/events?run=a&run=c'])
    assert.equal(await codeOf(`${service.url}${path}`), '503 too-many-runs 5', path);
  await assert.rejects(openSocket(`ws://127.0.0.1:${service.port}/ws/c`), /Unexpected server response: 503/);
  assert.equal((await fetch(`${service.url}/api/runs/known`)).status, 200);
  const [id] = await service.store.publish('b', { log: 'one' });
  await stream.until('the event', () => stream.all().at(-1)?.id === id);
  // It has begun, and has made room for another one.
  const next = await openSse(`${service.url}/api/runs/c/events`);
  t.after(next.close);
  assert.equal(next.status, 200);
});

test('a stream of more runs than 6 KB of URL hold is refused with 414, and opens none of them', async (t) => {
  const service = await setUp(t);
  const path = '/api/events?run=a&run=b&pad=';
  const url = (length: number) => `${service.url}${path}${'x'.repeat(length - path.length)}`;
  for (const method of ['GET', 'HEAD'] as const)
    assert.match(await codeOf(url(6145), method), /^414/, method);
  assert.equal(await codeOf(url(6145)), '414 url-too-long');
  assert.deepEqual(service.store.asked, []);
  const fits = await openSse(url(6144));
  t.after(fits.close);
  assert.equal(fits.status, 200);
});

test('an upgrade to h2c is ignored: polls, errors and bodies are plain HTTP', async (t) => {
  const service = await setUp(t);
  const update = '{"log":"one"}';
  const post = `POST /api/runs/r/events HTTP/1.1\r\nHost: localhost\r\n${H2C}`;
  const posted = await exchange(service.port, `${post}Content-Length: ${update.length}\r\n\r\n${update}`);
  assert.match(posted, /^HTTP\/1\.1 201 /);
  const size = update.length.toString(16);
  const chunked = `Transfer-Encoding: chunked\r\n\r\n${size}\r\n${update}\r\n0\r\n\r\n`;
  assert.match(await exchange(service.port, post + chunked), /^HTTP\/1\.1 201 /);
  assert.equal((await service.store.read('r')).length, 2);
  const poll = (runId: string) => `GET /api/runs/${runId} HTTP/1.1\r\nHost: localhost\r\n${H2C}\r\n`;
  const polled = await exchange(service.port, poll('r'));
  assert.match(polled, /^HTTP\/1\.1 200 [\s\S]*"logs":\["one","one"\]/);
  assert.match(await exchange(service.port, poll('unknown')), /^HTTP\/1\.1 404 [\s\S]*"unknown-run"/);
});

test('a body that comes after the head of an ignored upgrade is read as well', async (t) => {
  const service = await setUp(t);
  const peer = await connected(t, service);
  peer.takeAll();
  await peer.send(
    `POST /api/runs/r/events HTTP/1.1\r\nHost: localhost\r\n${H2C}Content-Length: 13\r\n\r\n{"lo`,
  );
  await pollUntil('the connection', async () => service.sockets.size === 1);
  await nextTurn();
  await peer.send('g":"one"}');
  assert.equal(await peer.ended, 'end');
  assert.match(peer.newest, /^HTTP\/1\.1 201 [\s\S]*"message":"one"/);
});
