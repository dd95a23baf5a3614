// A connection's first request is looked at before Node's HTTP server sees it: what isn't taken over arrives there whole.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, IncomingMessage, type ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { acceptStreams } from '../../src/http/accept-streams.ts';
import type { RequestHead } from '../../src/http/plain-head.ts';
import { createCutCounts, createSpareConnections } from '../../src/http/spare-connections.ts';
import { openRaw } from '../support/raw-connection.ts';

/** Answers with the method, target and body that it got; what asks for /mine is a stream. */
async function setUp(t: TestContext, patienceMs = 60_000, options: ServerOptions = {}) {
  const server = createServer(options);
  const cuts = createCutCounts();
  const spare = createSpareConnections({
    max: 100,
    patienceMs,
    onSlow: (socket) => socket.destroy(),
    onCrowded: () => {},
    cuts,
  });
  const takeOver = ({ url }: RequestHead, socket: Socket) => {
    if (url === '/mine') socket.end('taken over');
    return url === '/mine';
  };
  acceptStreams(
    server,
    {
      takeOver,
      answer: async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        response.end(`${request.method} ${request.url} ${Buffer.concat(chunks).length}\n`);
      },
    },
    { spare, cuts },
  );
  server.on('close', spare.close);
  server.listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const connection = await openRaw((server.address() as AddressInfo).port);
  await accepted;
  return Object.assign(connection, { server });
}

const BODY = 'x'.repeat(200_000);
const POST = `POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

for (const [what, pieces, answers] of [
  ['the request that is taken over', ['GET /mine HTTP/1.1\r\nHost: h\r\n\r\n'], ['taken over']],
  ['a plain one that is not', ['GET / HTTP/1.1\r\nHost: h\r\n\r\n'], ['GET / 0\n']],
  ['a head in pieces', ['GET /pie', 'ces HTTP/1.1\r\nHost: h\r\n', '\r\n'], ['GET /pieces 0\n']],
  ['a large body', [POST], [`POST /post ${BODY.length}\n`]],
  [
    'one request behind the other, the second in pieces',
    ['GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTT', 'P/1.1\r\nHost: h\r\n\r\n'],
    ['GET /a 0\n', 'GET /b 0\n'],
  ],
] as const)
  test(`${what} is answered`, async (t) => {
    const connection = await setUp(t);
    t.after(connection.reset);
    for (const piece of pieces) {
      connection.send(piece);
      // The next one in a packet of its own, or the server would see one piece.
      await new Promise(setImmediate);
    }
    for (const answer of answers) await connection.until(answer, (received) => received.includes(answer));
  });

test('of a thousand requests in one packet few are made before the connection is cut', async (t) => {
  let made = 0;
  class Counted extends IncomingMessage {
    constructor(socket: Socket) {
      super(socket);
      made++;
    }
  }
  const connection = await setUp(t, 60_000, { IncomingMessage: Counted });
  connection.send('GET /many HTTP/1.1\r\nHost: h\r\n\r\n'.repeat(1000));
  await connection.closed();
  assert.ok(made < 100, `${made}`);
});

test('a client that ends before it has said anything is ended', async (t) => {
  const connection = await setUp(t);
  t.after(connection.reset);
  connection.end();
  await connection.closed();
  assert.equal(connection.received, '');
});

test('a client that says nothing for too long is cut', async (t) => {
  const connection = await setUp(t, 60);
  t.after(connection.reset);
  await connection.closed();
  assert.equal(connection.received, '');
});

test('a client that has said nothing is idle: a server that closes does not wait for it', async (t) => {
  const connection = await setUp(t);
  t.after(connection.reset);
  const closed = once(connection.server, 'close');
  connection.server.close();
  await closed;
  await connection.closed();
});
