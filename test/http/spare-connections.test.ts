// Connections that no reader has: who opens them and asks nothing, or asks slowly, takes no room from others, and not for long.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LocalService } from '../support/local-service.ts';
import { codeOf, connected, setUp, streamRequest } from '../support/peers.ts';
import { pollUntil } from '../support/poll-until.ts';

const MANY = 2000;
const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function open(t: TestContext, service: LocalService, count: number, bytes: string) {
  const openOne = async () => {
    const peer = await connected(t, service);
    await peer.send(bytes);
  };
  // In groups, as the system keeps no more of them waiting.
  for (let left = count; left > 0; left -= 100)
    await Promise.all(Array.from({ length: Math.min(100, left) }, openOne));
}

test('two thousand clients that send one byte, and never read, get their 408 and are gone', async (t) => {
  const service = await setUp(t, { maxSpare: 2 * MANY, patienceMs: 1000 });
  await open(t, service, MANY, 'G');
  await pollUntil('all to be gone', async () => service.sockets.size === 0);
  assert.equal(service.cuts.get('slow'), MANY);
  const peer = await connected(t, service);
  peer.takeAll();
  await peer.send('GET / HTTP/1.1\r\n');
  await peer.until('its answer', (text) => /^HTTP\/1\.1 408 [\s\S]*"code":"too-slow"/.test(text));
  assert.equal(await peer.ended, 'end');
});

test('clients that say nothing are gone without a word', async (t) => {
  const service = await setUp(t, { patienceMs: 60 });
  const peer = await connected(t, service);
  peer.takeAll();
  assert.equal(await peer.ended, 'end');
  assert.equal(peer.takenBytes, 0);
  assert.equal(service.cuts.get('silent'), 1);
});

for (const [what, bytes] of Object.entries({
  'say nothing': '',
  'begin a request': 'GET / HTTP/1.1\r\nHost: l',
  'have had their answer': GET,
}))
  test(`beyond the limit of those that ${what} the one that asked longest ago goes, and who asks is answered`, async (t) => {
    const service = await setUp(t, { maxSpare: 10, maxConnections: 10 });
    await open(t, service, 30, bytes);
    await pollUntil('the rest to be cut', async () => service.cuts.get('crowded') === 20);
    assert.equal(await codeOf(`${service.url}/api/runs/r`), '404 unknown-run');
    assert.ok(service.sockets.size <= 11, `${service.sockets.size}`);
  });

test('readers are none of them: they stay', async (t) => {
  const service = await setUp(t, { maxSpare: 5, maxConnections: 10, patienceMs: 120 });
  const reader = await connected(t, service);
  reader.takeAll();
  await reader.send(streamRequest('r'));
  await reader.until('the stream', (text) => text.includes('event: ping'));
  const socket = await connected(t, service);
  socket.takeAll();
  await socket.send(
    'GET /ws/r HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await pollUntil('both', async () => service.openCount() === 2);
  await open(t, service, 20, 'G');
  await pollUntil('the others to be gone', async () => service.sockets.size === 2);
  assert.deepEqual([reader.isOpen, socket.isOpen], [true, true]);
});

test('one that asks again and again is not the one that goes', async (t) => {
  const service = await setUp(t, { maxSpare: 3 });
  const asking = await connected(t, service);
  asking.takeAll();
  for (let n = 1; n <= 10; n++) {
    await asking.send(GET);
    await asking.until('the answer', (text) => text.split('\nok\n').length === n + 1);
    await open(t, service, 1, '');
    await pollUntil('it to be seen', async () => (service.cuts.get('crowded') ?? 0) >= n - 2);
  }
  assert.equal(asking.isOpen, true);
});
