// Bodies of requests that are never ended: in all they take so much memory and no more, and others go on publishing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBodyRoom, MAX_BODIES_BYTES } from '../../src/http/body-room.ts';
import { connected, setUp } from '../support/peers.ts';
import { exchange } from '../support/raw-connection.ts';

test('beyond the room the one that has been read for longest goes, and what is whole stays', () => {
  const room = createBodyRoom(10);
  const gone: string[] = [];
  const enter = (name: string) => room.enter(() => gone.push(name));
  const [whole, slow, other] = [enter('whole'), enter('slow'), enter('other')];
  whole.grow(5);
  whole.hasEnded();
  slow.grow(3);
  other.grow(2);
  assert.deepEqual(gone, []);
  other.grow(1);
  assert.deepEqual(gone, ['slow']);
  slow.leave();
  other.grow(2);
  assert.deepEqual(gone, ['slow']);
  other.grow(1);
  assert.deepEqual(gone, ['slow', 'other']);
  whole.leave();
  whole.leave();
  const next = enter('next');
  next.grow(10);
  assert.deepEqual(gone, ['slow', 'other']);
  next.grow(1);
  assert.deepEqual(gone, ['slow', 'other', 'next']);
});

const CHUNK = 900_000;

test('clients that never end their bodies are told so when others need the room, which are served', async (t) => {
  const service = await setUp(t);
  const head = 'POST /api/runs/r/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n';
  const first = await connected(t, service);
  first.takeAll();
  await first.send(head + 'x'.repeat(CHUNK));
  for (let bytes = CHUNK; bytes < MAX_BODIES_BYTES; bytes += CHUNK) {
    const peer = await connected(t, service);
    await peer.send(head + 'x'.repeat(CHUNK));
  }
  await first.until('the refusal', (text) => /^HTTP\/1\.1 503 [\s\S]*"code":"too-many-bodies"/.test(text));
  const update = '{"log":"one"}';
  const post = `POST /api/runs/r/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${update.length}\r\n\r\n`;
  assert.match(await exchange(service.port, post + update), /^HTTP\/1\.1 201 /);
});
