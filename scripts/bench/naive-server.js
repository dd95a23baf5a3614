// The benchmark's first opponent, as one writes it in an afternoon: every update is turned into text and written once per
// reader. No history, no cursor, no heartbeat. Plain JavaScript: it runs as the service does, without a loader.
import { createServer } from 'node:http';
import { Redis } from 'ioredis';

/** @type {Map<string, Set<import('node:http').ServerResponse>>} */
const readersByRun = new Map();

const redis = new Redis(process.env.REDIS_URL ?? '');
redis.on('message', (_channel, message) => {
  const update = JSON.parse(message);
  for (const response of readersByRun.get(update.run_id) ?? [])
    response.write(`data: ${JSON.stringify({ type: 'progress', ...update })}\n\n`);
});
await redis.subscribe('autoshorts:progress');

const server = createServer((request, response) => {
  const runId = /^\/api\/runs\/([^/]+)\/events$/.exec(request.url ?? '')?.[1];
  if (!runId) return response.writeHead(404).end();
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  response.flushHeaders();
  const readers = readersByRun.get(runId) ?? new Set();
  readersByRun.set(runId, readers.add(response));
  response.on('close', () => readers.delete(response));
});
server.listen(0, '127.0.0.1', 4096, () => {
  console.log(
    `listening on http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
  );
});
