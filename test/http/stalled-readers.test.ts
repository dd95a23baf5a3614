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
