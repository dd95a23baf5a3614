// Readers that take little of what they are sent, or nothing.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LocalService } from '../support/local-service.ts';
import { connected, setUp, streamRequest } from '../support/peers.ts';
import { pollUntil } from '../support/poll-until.ts';

const MEBIBYTE = 1024 * 1024;
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

const KEY = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
const REQUESTS = {
  'a poll': 'GET /api/runs/large HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a long poll': 'GET /api/runs/large/events?wait=5 HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'a stream': streamRequest('large'),
  'a WebSocket': `GET /ws/large HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${KEY}`,
};

for (const [what, request] of Object.entries(REQUESTS))
  test(`${what} that nobody reads is cut, though its client goes on sending, and shares its bytes with others`, async (t) => {
    const service = await largeRun(t);
    const [reader, other] = [await connected(t, service), await connected(t, service)];
    await reader.send(request);
    await other.send(request);
    await pollUntil('the answers', async () =>
      [...service.sockets].every((socket) => socket.writableLength > 0),
    );
    const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);
    while (reader.isOpen && service.sockets.size > 1) {
      // A protocol pong to a WebSocket; to HTTP it is noise, which ends a poll at once.
      if (what !== 'a poll') await reader.send(pong);
      await pause(HEARTBEAT_MS / 4);
    }
    await pollUntil('both to be cut', async () => service.sockets.size === 0);
    assert.equal(service.openCount(), 0);
    if (what === 'a poll') assert.equal(service.cuts.get('stalled'), 2);
  });

test('a WebSocket that takes a large snapshot slowly, and pings meanwhile, gets it whole, and its pong', async (t) => {
  const service = await largeRun(t);
  const reader = await connected(t, service);
  await reader.send(REQUESTS['a WebSocket']);
  await pollUntil('its place', async () => service.openCount() === 1);
  const ping = Buffer.concat([Buffer.from([0x81, 0x8f, 0, 0, 0, 0]), Buffer.from('{"type":"ping"}')]);
  const steps = 40;
  const bytes = LARGE.events * Buffer.byteLength(LARGE.log);
  while (reader.takenBytes < bytes && reader.isOpen) {
    await reader.take(Math.min(bytes / steps, bytes - reader.takenBytes));
    await reader.send(ping);
    await reader.send(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    await pause(STALL_MS / 10);
  }
  reader.takeAll();
  await reader.until('the pong', (text) => text.includes('{"type":"pong","ts":'));
  const [id] = await service.store.publish('large', { log: 'live' });
  await reader.until('what is live', (text) => text.includes(`"id":${id},`));
});
