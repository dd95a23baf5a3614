// A stream and its connection: however it was asked for, it holds one place, gets one answer, and ends in one way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocalService } from '../support/local-service.ts';
import { codeOf, connected, H2C, setUp, streamRequest, WAYS } from '../support/peers.ts';
import { pollUntil } from '../support/poll-until.ts';
import type { SlowConnection } from '../support/slow-connection.ts';

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
    assert.match(peer.newest, /\n\n\r\n(?:0\r\n\r\n)?$/);
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

for (const [way, ask] of Object.entries(WAYS))
  test(`${way} that is asked for in a shutdown is told when to come back, and ended`, async (t) => {
    const service = await setUp(t);
    const reader = await connected(t, service);
    service.closeReaders();
    reader.takeAll();
    await ask(reader, 'r');
    await reader.until('both', (text) => text.match(/^retry: /gm)?.length === 2);
    assert.equal(await reader.ended, 'end');
    // Each in a block with a ping, and no last chunk: the client knows that there is more.
    assert.match(reader.newest, /(?:\r\n[0-9a-f]+\r\nretry: \d+\nevent: ping\ndata: \d+\n\n){2}\r\n$/);
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
  assert.match(reader.newest, new RegExp(`id: ${id}\ndata: {.*"done":true}\n\n\r\n0\r\n\r\n$`));
});

for (const [way, ask] of Object.entries(WAYS))
  test(`requests behind ${way} are not answered, and what Node makes of them is let go`, async (t) => {
    const service = await setUp(t);
    const peer = await connected(t, service);
    peer.takeAll();
    await ask(peer, 'r');
    await peer.until('the stream', (text) => text.includes('event: ping'));
    const answers = peer.newest.match(/HTTP\/1\.1 /g)?.length;
    const small = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
    for (let n = 0; n < 10; n++) await peer.send(small.repeat(1000));
    await service.store.publish('r', { state: 'END' });
    await peer.ended;
    assert.equal(peer.newest.match(/HTTP\/1\.1 /g)?.length ?? answers, answers);
    await pollUntil('its place to be free', async () => service.openCount() === 0);
  });

test('a client that sends requests without end before it has its answer is cut', async (t) => {
  const service = await setUp(t);
  service.store.holdAnswers();
  const peer = await connected(t, service);
  await peer.send('GET /api/runs/slow HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1000));
  await pollUntil('it to be cut', async () => service.sockets.size === 0);
  assert.equal(service.cuts.get('pipelined'), 1);
  service.store.releaseAnswers();
});

test('a request that is answered with an error closes its connection, though the client never closes its side', async (t) => {
  const service = await setUp(t);
  const peer = await connected(t, service);
  await peer.send('nonsense\r\n\r\n');
  await pollUntil('the connection to be closed', async () => service.sockets.size === 0);
  peer.takeAll();
  assert.equal(await peer.ended, 'end');
  assert.match(peer.newest, /^HTTP\/1\.1 400 /);
});
