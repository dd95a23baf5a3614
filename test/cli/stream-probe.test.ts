// What the doctor sees of a stream that ends in other ways than by its time.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { probeStream } from '../../src/cli/doctor/stream-probe.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n';

const ends: [how: string, end: (socket: Socket) => void][] = [
  ['closes', (socket) => socket.end()],
  ['is reset', (socket) => socket.resetAndDestroy()],
];
for (const [how, end] of ends)
  test(`a connection that ${how} after its first ping was cut`, async (t) => {
    let opened: Socket | undefined;
    const server = createServer((socket) => {
      opened = socket;
      socket.on('error', () => {}); // Ours, when it is reset.
      socket.once('data', () => socket.write(`${HEAD}event: ping\ndata: 1763800000000\n\n`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const probe = await probeStream(`http://127.0.0.1:${port}/`, {
      headers: {},
      seconds: 60,
      onData: () => {},
      onOpen: () => opened && end(opened),
    });
    assert.deepEqual([probe.status, probe.error, probe.pings.length], [200, null, 1]);
    assert.ok(probe.cutAfterSilenceMs !== null);
  });

test('where nobody answers there is a code', async () => {
  const nothing = { headers: {}, seconds: 60, onData: () => {}, onOpen: () => {} };
  const probe = await probeStream('http://127.0.0.1:1/', nothing);
  assert.deepEqual([probe.status, probe.error], [null, 'ECONNREFUSED']);
});
