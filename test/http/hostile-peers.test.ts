// Peers that ask for too much, read too slowly or not at all, or send what nobody expects.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { type LocalService, type LocalServiceOptions, startLocalService } from '../support/local-service.ts';
import { pollUntil } from '../support/poll-until.ts';
import { exchange } from '../support/raw-connection.ts';
import { openSlow, type SlowConnection } from '../support/slow-connection.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

const MEBIBYTE = 1024 * 1024;
const H2C =
  'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n';

async function setUp(t: TestContext, options: LocalServiceOptions = {}): Promise<LocalService> {
  const service = await startLocalService(options);
  t.after(() => service.stop());
  return service;
}

async function connected(t: TestContext, { port }: LocalService): Promise<SlowConnection> {
  const connection = await openSlow(port);
  t.after(connection.reset);
  return connection;
}

function streamRequest(runId: string, headers = ''): string {
  return `GET /api/runs/${runId}/events HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
}

async function codeOf(url: string, method: 'GET' | 'HEAD' = 'GET'): Promise<string> {
  const { statusCode, headers, body } = await request(url, { method });
  if (method === 'HEAD' || statusCode === 200) {
    // Of a stream there would be no end.
    body.on('error', () => {}).destroy();
    return `${statusCode}`;
  }
  const { code } = (await body.json()) as { code: string };
  return `${statusCode} ${code} ${headers['retry-after'] ?? ''}`.trim();
}

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
  test(`a WebSocket that sends ${name} and never reads is ended before the answers fill the memory`, async (t) => {
    const service = await setUp(t);
    const peer = await connected(t, service);
    await peer.send(
      'GET /ws/r HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await pollUntil('its place', async () => service.openCount() === 1);
    const block = Buffer.concat(Array.from({ length: 1000 }, () => ping));
    let mostBuffered = 0;
    for (let sent = 0; peer.isOpen && sent < 64 * MEBIBYTE; sent += block.length) {
      await peer.send(block);
      for (const { writableLength } of service.sockets) mostBuffered = Math.max(mostBuffered, writableLength);
    }
    assert.equal(peer.isOpen, false, 'still open after 64 MiB of pings');
    assert.ok(mostBuffered < MEBIBYTE, `${mostBuffered} bytes waited for it`);
    await pollUntil('its place to be free', async () => service.openCount() === 0);
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
  const service = await setUp(t, { maxOpenRuns: 2 });
  const stream = await openSse(`${service.url}/api/events?run=a&run=b`);
  t.after(stream.close);
  for (const path of ['/api/runs/c', '/api/runs/c/events', '/api/events?run=a&run=c'])
    assert.equal(await codeOf(`${service.url}${path}`), '503 too-many-runs 5', path);
  await assert.rejects(openSocket(`ws://127.0.0.1:${service.port}/ws/c`), /Unexpected server response: 503/);
  const [id] = await service.store.publish('b', { log: 'one' });
  await stream.until('the event', () => stream.all().at(-1)?.id === id);
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

/** How a request for a stream can come: the first of its connection, so that Node never sees it, or not. */
const WAYS: Record<string, (peer: SlowConnection, runId: string) => Promise<void>> = {
  'a stream': (peer, runId) => peer.send(streamRequest(runId)),
  'a stream with an upgrade that is ignored': (peer, runId) => peer.send(streamRequest(runId, H2C)),
  'a stream behind an answer': async (peer, runId) => {
    await peer.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await peer.until('the answer', (text) => text.includes('\nok\n'));
    await peer.send(streamRequest(runId));
  },
  'a stream whose head comes with a body': (peer, runId) =>
    peer.send(streamRequest(runId, 'Content-Length: 2\r\n').concat('{}')),
};

const ENDINGS: Record<string, (service: LocalService, peer: SlowConnection) => unknown> = {
  'its reader resets': (_, peer) => peer.reset(),
  'its reader ends': (_, peer) => peer.end(),
  'the run ends': ({ store }) => store.publish('r', { state: 'END' }),
};

for (const [way, ask] of Object.entries(WAYS))
  for (const [ending, end] of Object.entries(ENDINGS))
    test(`${way} holds one place until ${ending}`, async (t) => {
      const service = await setUp(t, { maxConnections: 1 });
      const first = await connected(t, service);
      first.takeAll();
      await ask(first, 'r');
      await first.until('the stream', (text) => text.includes('event: ping'));
      const [id] = await service.store.publish('r', { log: 'one' });
      await first.until('the event', (text) => text.includes(`id: ${id}\n`));
      assert.equal(service.openCount(), 1);
      assert.equal(await codeOf(`${service.url}/api/runs/s/events`), '503 too-many-connections 5');
      await end(service, first);
      await pollUntil('its place to be free', async () => service.openCount() === 0);
      const second = await connected(t, service);
      second.takeAll();
      await ask(second, 's');
      await second.until('another stream', (text) => text.includes('event: ping'));
      assert.equal(service.openCount(), 1);
    });

test('a stream that is asked for behind a request that waits gets 400, and takes no place', async (t) => {
  const service = await setUp(t);
  await service.store.publish('slow', { log: 'one' });
  service.store.holdAnswers((runId) => runId === 'slow');
  const peer = await connected(t, service);
  peer.takeAll();
  const healthz = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  await peer.send(`GET /api/runs/slow HTTP/1.1\r\nHost: localhost\r\n\r\n${streamRequest('r')}${healthz}`);
  await pollUntil('the first to be asked for', async () =>
    service.store.asked.some((question) => question.endsWith(' slow')),
  );
  await service.store.whenQuiet();
  assert.equal(service.openCount(), 0);
  service.store.releaseAnswers();
  assert.equal(await peer.ended, 'end');
  assert.deepEqual(peer.newest.match(/HTTP\/1\.1 \d+|"code":"[^"]*"/g), [
    'HTTP/1.1 200',
    'HTTP/1.1 400',
    '"code":"pipelined"',
    'HTTP/1.1 200',
  ]);
});

for (const [way, ask] of Object.entries(WAYS))
  test(`garbage behind ${way} puts no second answer into it`, async (t) => {
    const service = await setUp(t);
    const peer = await connected(t, service);
    peer.takeAll();
    await ask(peer, 'r');
    await peer.until('the stream', (text) => text.includes('event: ping'));
    const answers = () => peer.newest.match(/HTTP\/1\.1 /g)?.length;
    const before = answers();
    await peer.send('garbage\r\n\r\n');
    await service.store.publish('r', { state: 'END' });
    await peer.ended;
    assert.equal(answers(), before, peer.newest);
    assert.match(peer.newest, /\n\n$/);
  });

/** Of requests that get an answer and no stream: `id` is what the run `done` has come to. */
const LAST_REQUESTS: Record<string, (id: number) => string> = {
  'a stream that is refused': () => streamRequest('x'.repeat(257)),
  'a stream of which nothing is left': (id) => streamRequest('done', `Last-Event-ID: ${id}\r\n`),
  'the same, not plain': (id) => streamRequest('done', `${H2C}Last-Event-ID: ${id}\r\n`),
  'a WebSocket that is refused': () =>
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
};

for (const [what, requestOf] of Object.entries(LAST_REQUESTS))
  test(`${what}: the connection is closed, though the client never closes its side`, async (t) => {
    const service = await setUp(t);
    const id = await service.store.publish('done', { state: 'END' });
    await service.store.whenQuiet();
    const peer = await connected(t, service);
    await pollUntil('the connection', async () => service.sockets.size === 1);
    // It takes nothing, so that it sees no end.
    await peer.send(requestOf(Number(id)));
    await pollUntil('the connection to be closed', async () => service.sockets.size === 0);
    peer.takeAll();
    assert.equal(await peer.ended, 'end');
    assert.match(peer.newest, /^HTTP\/1\.1 (204|400|404) /);
  });

const HEARTBEAT_MS = 250;
/** Four heartbeats: who takes nothing for so long is cut. */
const STALL_MS = 4 * HEARTBEAT_MS;
/** More than the buffers of the system hold. */
const LARGE = { events: 1000, log: '가'.repeat(8000) };

async function largeRun(t: TestContext): Promise<LocalService> {
  const service = await setUp(t, { heartbeatMs: HEARTBEAT_MS, historyLimit: LARGE.events });
  for (let n = 0; n < LARGE.events; n++) await service.store.publish('large', { log: LARGE.log });
  return service;
}

test('a slow reader is not cut as long as it takes something', async (t) => {
  const service = await largeRun(t);
  const reader = await connected(t, service);
  await reader.send(streamRequest('large'));
  const began = Date.now();
  const bytes = LARGE.events * Buffer.byteLength(LARGE.log);
  const steps = 60;
  // Over three times as long as one may stall.
  while (reader.takenBytes < bytes && reader.isOpen) {
    await reader.take(Math.min(bytes / steps, bytes - reader.takenBytes));
    await pause((3 * STALL_MS) / steps);
  }
  reader.takeAll();
  const [id] = await service.store.publish('large', { log: 'live' });
  await reader.until('what is live', (text) => text.includes(`id: ${id}\n`));
  assert.ok(reader.takenBytes > bytes && reader.isOpen);
  assert.ok(Date.now() - began > STALL_MS);
});

test('a reader that stalls again and again leaves no listener behind for each stall', async (t) => {
  const service = await largeRun(t);
  const reader = await connected(t, service);
  // Its history in parts, each of which can stall.
  await reader.send(streamRequest('large', 'Last-Event-ID: 0\r\n'));
  await pollUntil('its place', async () => service.openCount() === 1);
  const [socket] = service.sockets;
  assert.ok(socket);
  const listeners: number[] = [];
  for (let stall = 0; stall < 3; stall++) {
    await pollUntil('the stall', async () => Boolean(socket.timeout));
    listeners.push(socket.listenerCount('timeout'));
    while (socket.timeout && reader.isOpen) await reader.take(MEBIBYTE);
  }
  assert.equal(reader.isOpen, true);
  assert.deepEqual(listeners, [1, 1, 1]);
});

test('a reader that takes nothing is cut', async (t) => {
  const service = await largeRun(t);
  const reader = await connected(t, service);
  await reader.send(streamRequest('large'));
  await pollUntil('its place', async () => service.openCount() === 1);
  await pollUntil('its place to be free', async () => service.openCount() === 0);
});

for (const [way, ask] of Object.entries(WAYS))
  test(`${way} that is asked for in a shutdown is told when to come back, and ended`, async (t) => {
    const service = await setUp(t);
    const reader = await connected(t, service);
    service.closeReaders();
    reader.takeAll();
    await ask(reader, 'r');
    await reader.until('both', (text) => text.match(/^retry: /gm)?.length === 2);
    assert.equal(await reader.ended, 'end');
    assert.match(reader.newest, /\nretry: \d+\n\nevent: ping\n[\s\S]*\nretry: \d+\n\n$/);
    await pollUntil('its place to be free', async () => service.openCount() === 0);
  });

test('a shutdown does not cut what a stream that has ended has still to send', async (t) => {
  const service = await setUp(t);
  const reader = await connected(t, service);
  await reader.send(streamRequest('r', 'Last-Event-ID: 0\r\n'));
  await pollUntil('its place', async () => service.openCount() === 1);
  const [socket] = service.sockets;
  assert.ok(socket);
  // Until the buffers of the system are full, and something waits on this side, but not so much that the stream does.
  while (socket.writableLength === 0) {
    await service.store.publish('r', { log: 'x'.repeat(1000) });
    await service.store.whenQuiet();
  }
  assert.equal(socket.writableNeedDrain, false);
  const [id] = await service.store.publish('r', { state: 'END' });
  await service.store.whenQuiet();
  assert.equal(socket.writableEnded, true, 'the stream has ended, and waits for its reader');
  service.closeReaders();
  reader.takeAll();
  assert.equal(await reader.ended, 'end');
  assert.match(reader.newest, new RegExp(`id: ${id}\ndata: {.*"done":true}\n\n$`));
});
