// Requests for the fuzz test: mostly well formed, with values that are not, then cut, doubled and flipped as bytes.
import fc from 'fast-check';

const RUN_IDS = [
  'known',
  'finished',
  '우주여행고양이',
  '.',
  '..',
  '__proto__',
  'constructor',
  'a/b',
  'x'.repeat(300),
  '\u0000',
  '\ud800',
  '‮',
];
const ENCODED = [
  ...RUN_IDS.map((id) => encodeURIComponent(id.toWellFormed())),
  '%',
  '%E0%A4%A',
  '%ff',
  '%00',
];
const NUMBERS = ['0', '1', '-1', '1e999', 'NaN', 'null', 'undefined', '1, 2', '9007199254740993', ' 7', '٣'];

const runId = fc.oneof(
  fc.constantFrom(...ENCODED),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const parameter = fc.oneof(
  runId.map((id) => `run=${id}`),
  fc.constantFrom(...NUMBERS).map((n) => `last_event_id=${encodeURIComponent(n)}`),
  fc.constantFrom(...NUMBERS).map((n) => `lastEventId=${encodeURIComponent(n)}`),
  fc.constantFrom('0', '-1', 'x', '', '56', '0.5').map((wait) => `wait=${wait}`),
  fc.constantFrom('sse', 'text', 'ndjson', 'xml', '', '__proto__').map((format) => `format=${format}`),
  fc.constantFrom('token=abc', 'token=', 'token=a.b.c', '=', '%', 'run', '&&'),
);
const path = fc.oneof(
  { weight: 4, arbitrary: runId.map((id) => `/api/runs/${id}/events`) },
  { weight: 2, arbitrary: runId.map((id) => `/api/runs/${id}`) },
  runId.map((id) => `/api/runs/${id}/badge.svg`),
  runId.map((id) => `/ws/${id}`),
  { weight: 2, arbitrary: fc.constant('/api/events') },
  fc.constantFrom(
    '/',
    '/healthz',
    '/readyz',
    '/metrics',
    '/run-progress.js',
    '//',
    '*',
    '/..',
    'http://localhost/',
  ),
  fc.webPath(),
);
const target = fc
  .tuple(path, fc.array(parameter, { maxLength: 5 }))
  .map(([where, query]) => (query.length === 0 ? where : `${where}?${query.join('&')}`));

const header = fc.oneof(
  fc.constantFrom(...NUMBERS).map((n) => `Last-Event-ID: ${n}`),
  fc.constantFrom('text/plain', 'application/x-ndjson', '*/*', 'a;q=9', ',').map((type) => `Accept: ${type}`),
  fc
    .constantFrom('http://localhost', 'null', 'https://evil.example', '://')
    .map((origin) => `Origin: ${origin}`),
  fc
    .constantFrom('Bearer', 'Bearer a.b.c', 'Basic eA==', 'Bearer \t')
    .map((value) => `Authorization: ${value}`),
  fc.constantFrom('run_progress_token=x', '=', ';;', 'a=b=c').map((value) => `Cookie: ${value}`),
  fc.constantFrom('"1"', 'W/"1"', '*', '"', ',').map((value) => `If-None-Match: ${value}`),
  fc.constantFrom('step-1', '', ' ', 'x'.repeat(256)).map((value) => `Idempotency-Key: ${value}`),
  fc.constantFrom('gzip', 'br', 'identity', 'gzip;q=0').map((value) => `Accept-Encoding: ${value}`),
  fc.constantFrom('gzip', 'identity').map((value) => `Content-Encoding: ${value}`),
  fc
    .constantFrom('application/json', 'text/plain; charset=euc-kr', 'multipart/form-data', ';')
    .map((value) => `Content-Type: ${value}`),
  fc
    .constantFrom('websocket', 'h2c', 'websocket, x')
    .map((value) => `Connection: Upgrade\r\nUpgrade: ${value}`),
  fc.constantFrom('13', '8', 'x').map((value) => `Sec-WebSocket-Version: ${value}`),
  fc.constantFrom('dGhlIHNhbXBsZSBub25jZQ==', 'x').map((value) => `Sec-WebSocket-Key: ${value}`),
  fc.constantFrom('keep-alive', 'close').map((value) => `Connection: ${value}`),
  fc.constantFrom('100-continue', 'x').map((value) => `Expect: ${value}`),
  fc.constantFrom('localhost', 'evil.example', '', '[::1]:80').map((value) => `Host: ${value}`),
  fc.constantFrom('chunked', 'gzip, chunked', 'x').map((value) => `Transfer-Encoding: ${value}`),
  fc.constantFrom('203.0.113.9', 'a, b, c', ',,').map((value) => `X-Forwarded-For: ${value}`),
);

const value = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.5, 1.02, 40, null, true, '', 'RENDERING', 'END', 'FAILED', '\u0000', '\u2028'),
  fc.jsonValue({ maxDepth: 3 }),
);
const update = fc.dictionary(
  fc.constantFrom(
    'state',
    'progress',
    'log',
    'data',
    'total',
    'current',
    'advance',
    'attempt',
    'run_id',
    '__proto__',
  ),
  value,
  { maxKeys: 5 },
);
const body = fc.oneof(
  update.map((fields) => JSON.stringify(fields)),
  fc
    .array(fc.oneof(update, fc.jsonValue({ maxDepth: 1 })), { maxLength: 4 })
    .map((events) => JSON.stringify({ events })),
  fc.constantFrom(
    '',
    '{',
    'NaN',
    '{"progress":NaN}',
    '[]',
    '['.repeat(5000),
    '{"a":'.repeat(5000),
    '\ufeff{}',
  ),
  fc.string({ unit: 'binary', maxLength: 200 }),
);

/** A body in chunks (RFC 9112, 7.1), with what else may stand there. */
function chunked(bytes: Buffer, at: number, extension: string, trailer: string): Buffer {
  const cut = Math.floor(at * bytes.length);
  const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)].filter(({ length }) => length > 0);
  const framed = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([...framed, Buffer.from(`0\r\n${trailer}\r\n`)]);
}

const framing = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    extension: fc.constantFrom('', ';a=b', ';', `;${'x'.repeat(3000)}`),
    trailer: fc.constantFrom('', 'X: y\r\n', 'Content-Length: 3\r\n'),
  }),
);

/** What a WebSocket's client may send: frames of every kind, masked or not, whole or in parts (RFC 6455, 5.2). */
const frames = fc
  .array(
    fc.record({
      first: fc.integer({ min: 0, max: 255 }),
      payload: fc.constantFrom('', '{"type":"ping"}', 'null', '[', 'x'.repeat(125), '\u0003\u00e8'),
      isMasked: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((all) =>
    Buffer.concat(
      all.flatMap(({ first, payload, isMasked }) => {
        const bytes = Buffer.from(payload, 'latin1');
        const mask = isMasked ? [0, 0, 0, 0] : [];
        return [Buffer.from([first, (isMasked ? 0x80 : 0) | bytes.length, ...mask]), bytes];
      }),
    ),
  );

const handshake = fc
  .tuple(runId, frames)
  .map(([id, sent]) =>
    Buffer.concat([
      Buffer.from(
        `GET /ws/${id} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      ),
      sent,
    ]),
  );

const request = (moreHeaders: readonly string[]) =>
  fc
    .record({
      method: fc.oneof(
        { weight: 6, arbitrary: fc.constant('GET') },
        { weight: 4, arbitrary: fc.constant('POST') },
        fc.constantFrom('HEAD', 'OPTIONS', 'PUT', 'DELETE', 'CONNECT', 'get'),
      ),
      target,
      version: fc.oneof({ weight: 9, arbitrary: fc.constant('1.1') }, fc.constantFrom('1.0', '2.0', '0.9')),
      headers: fc.array(fc.oneof({ weight: 9, arbitrary: header }, fc.constantFrom(...moreHeaders)), {
        maxLength: 5,
      }),
      body,
      framing,
      length: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1, 100_000)),
    })
    .map(({ method, target: where, version, headers, body: text, framing: chunks, length }) => {
      const bytes = method === 'POST' ? Buffer.from(text.toWellFormed()) : Buffer.alloc(0);
      const fields = ['Host: localhost', ...headers];
      if (bytes.length > 0)
        fields.push(chunks ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length + length}`);
      const head = Buffer.from(`${method} ${where} HTTP/${version}\r\n${fields.join('\r\n')}\r\n\r\n`);
      const sent =
        chunks && bytes.length > 0 ? chunked(bytes, chunks.at, chunks.extension, chunks.trailer) : bytes;
      return Buffer.concat([head, sent]);
    });

/** At a place (0 to 1 of the whole): bytes that are taken away, put in, or changed. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom('flip', 'cut', 'double', 'insert'),
  length: fc.integer({ min: 1, max: 20 }),
  byte: fc.constantFrom(0x00, 0x0a, 0x0d, 0x20, 0x25, 0x3a, 0x7f, 0xff),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(bytes: Buffer, { at, kind, length, byte }: Mutation): Buffer {
  const place = Math.floor(at * bytes.length);
  const [before, piece, after] = [
    bytes.subarray(0, place),
    bytes.subarray(place, place + length),
    bytes.subarray(place + length),
  ];
  switch (kind) {
    case 'cut':
      return Buffer.concat([before, after]);
    case 'double':
      return Buffer.concat([before, piece, piece, after]);
    case 'insert':
      return Buffer.concat([before, Buffer.alloc(length, byte), piece, after]);
    default:
      return Buffer.concat([before, piece.map((old) => old ^ byte), after]);
  }
}

/** What one connection sends: pieces that go out one after another. `moreHeaders`: such as only this service knows. */
export const connectionBytes = (moreHeaders: readonly string[]): fc.Arbitrary<Buffer[]> =>
  fc
    .record({
      requests: fc.array(fc.oneof({ weight: 5, arbitrary: request(moreHeaders) }, handshake), {
        minLength: 1,
        maxLength: 4,
      }),
      mutations: fc.oneof(
        { weight: 2, arbitrary: fc.constant<Mutation[]>([]) },
        fc.array(mutation, { maxLength: 3 }),
      ),
      cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
    })
    .map(({ requests, mutations, cuts }) => {
      const bytes = mutations.reduce(mutate, Buffer.concat(requests));
      const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort(
        (a, b) => a - b,
      );
      return places.slice(1).map((place, i) => bytes.subarray(places[i], place));
    });
