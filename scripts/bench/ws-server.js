// The benchmark's second opponent: the broadcast of the `ws` documentation, which makes the text once and sends it to
// every reader. No history, no cursor, no heartbeat. Plain JavaScript: it runs as the service does, without a loader.
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { WebSocket, WebSocketServer } from 'ws';

/** @type {Map<string, Set<WebSocket>>} */
const readersByRun = new Map();

const redis = new Redis(process.env.REDIS_URL ?? '');
redis.on('message', (_channel, message) => {
  const update = JSON.parse(message);
  const text = JSON.stringify({ type: 'progress', ...update });
  for (const socket of readersByRun.get(update.run_id) ?? [])
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
});
await redis.subscribe('autoshorts:progress');

const server = createServer();
new WebSocketServer({ server }).on('connection', (socket, request) => {
  const runId = request.url?.split('/').at(-1) ?? '';
  const readers = readersByRun.get(runId) ?? new Set();
  readersByRun.set(runId, readers.add(socket));
  socket.on('close', () => readers.delete(socket));
  // The load generator resets its connections; `close` follows.
  socket.on('error', () => {});
});
server.listen(0, '127.0.0.1', 4096, () => {
  console.log(
    `listening on http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
  );
});
