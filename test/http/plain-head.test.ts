// The head of a plain GET, as it is read without Node's parser: what is taken is what Node would have made of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePlainHead } from '../../src/http/plain-head.ts';

const read = (text: string) => parsePlainHead(Buffer.from(text, 'latin1'));
const HOST = 'Host: localhost\r\n';

test('what browsers and curl send is taken, with names in lower case and values trimmed', () => {
  const head = read(
    'GET /api/runs/a%20b/events?x=1 HTTP/1.1\r\nHost: h:8000\r\nLast-Event-ID:\t 17 \r\nX-Empty:\r\n\r\n',
  );
  assert.equal(head?.url, '/api/runs/a%20b/events?x=1');
  assert.deepEqual({ ...head?.headers }, { host: 'h:8000', 'last-event-id': '17', 'x-empty': '' });
});

for (const [what, text] of Object.entries({
  'another method': `POST / HTTP/1.1\r\n${HOST}\r\n`,
  'another version': `GET / HTTP/2.0\r\n${HOST}\r\n`,
  'no host': 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n',
  'no field at all': 'GET / HTTP/1.1\r\n\r\n',
  'a target that is no path': `GET http://h/ HTTP/1.1\r\n${HOST}\r\n`,
  'a target with a space': `GET /a b HTTP/1.1\r\n${HOST}\r\n`,
  'half a head': `GET / HTTP/1.1\r\n${HOST}`,
  'bytes behind the head': `GET / HTTP/1.1\r\n${HOST}\r\nG`,
  'two requests': `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(2),
  'bare line feeds': 'GET / HTTP/1.1\nHost: h\n\n',
  'a folded field': `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`,
  'a space before the colon': `GET / HTTP/1.1\r\n${HOST}X : a\r\n\r\n`,
  'a field twice': `GET / HTTP/1.1\r\n${HOST}X: a\r\nx: b\r\n\r\n`,
  'a body': `GET / HTTP/1.1\r\n${HOST}Content-Length: 2\r\n\r\n`,
  'a chunked body': `GET / HTTP/1.1\r\n${HOST}transfer-encoding: chunked\r\n\r\n`,
  'an upgrade': `GET / HTTP/1.1\r\n${HOST}Upgrade: websocket\r\n\r\n`,
  'an expectation': `GET / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`,
  'a byte that is no ASCII': `GET / HTTP/1.1\r\n${HOST}X: \xe9\r\n\r\n`,
  'a NUL': `GET / HTTP/1.1\r\n${HOST}X: \0\r\n\r\n`,
  'more than 16 KiB': `GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(16 * 1024)}\r\n\r\n`,
}))
  test(`${what} is left to Node`, () => assert.equal(read(text), null));

test('a field of the prototype of objects is a field like others', () => {
  const head = read(`GET / HTTP/1.1\r\n${HOST}__proto__: a\r\nconstructor: b\r\n\r\n`);
  assert.deepEqual(Object.entries(head?.headers ?? {}).slice(1), [
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('a hostile head takes no longer than an honest one of its size', () => {
  for (const evil of [' '.repeat(16_000), '\t:'.repeat(8_000), 'a:\r\n'.repeat(4_000), ':'.repeat(16_000)])
    assert.equal(read(`GET / HTTP/1.1\r\nX:${evil}\r\r\n\r\n`), null);
});

/** What Node's server makes of it; null if it refuses. */
async function createNodeReader() {
  let seen: IncomingMessage | null = null;
  const server = createServer((request, response) => {
    seen = request;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    read: async (bytes: Buffer) => {
      seen = null;
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.end(bytes);
      await once(socket, 'close');
      return seen as IncomingMessage | null;
    },
    close: () => server.close(),
  };
}

test('of whatever is taken Node makes the same', async (t) => {
  const node = await createNodeReader();
  t.after(node.close);
  const oneOf = <T>(...values: T[]) => fc.constantFrom(...values);
  const name = fc.oneof(
    oneOf('Accept', 'Last-Event-ID', 'Cookie', 'Origin', 'x_y', "!#$%&'*+.^`|~", 'Connection'),
    fc.string(),
  );
  const value = fc.oneof(
    fc.string(),
    oneOf('', ' a ', '\ta\t', 'a, b', 'a:b', '"\\', 'keep-alive', '\x7f', '\xff'),
  );
  const field = fc.tuple(name, oneOf(':', ': ', ':\t', ' :'), value, oneOf('\r\n', '\r\n', '\r\n', '\n'));
  const target = fc.oneof(oneOf('/', '/a?b=c#d', '//x', '/%', '/"<>\\^`{|}', '*'), fc.webPath());
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      target,
      fc.array(field, { maxLength: 4 }),
      oneOf('1.1', '1.0'),
      async (url, fields, version) => {
        const lines = fields.map((parts) => parts.join('')).join('');
        const bytes = Buffer.from(`GET ${url} HTTP/${version}\r\nHost: h\r\n${lines}\r\n`, 'latin1');
        const head = parsePlainHead(bytes);
        if (!head) return;
        taken++;
        const seen = await node.read(bytes);
        assert.equal(seen?.url, head.url);
        assert.deepEqual({ ...seen?.headers }, { ...head.headers });
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(taken > 100, `only ${taken} were taken`);
});
