// Publishing over HTTP: 201 with the event, or an answer that names what is wrong, and nothing is recorded.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { request } from 'undici';
import { MAX_BODY_BYTES } from '../../src/http/publish-body.ts';
import { publish } from '../support/publish.ts';
import { exchange } from '../support/raw-connection.ts';
import { startRedis } from '../support/redis.ts';
import { launchService, type Service, startService } from '../support/service.ts';
import { openSlow } from '../support/slow-connection.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

interface ProblemBody {
  status: number;
  code: string;
  detail: string;
  errors?: { field: string; problem: string }[];
}

async function post(body: string | Buffer, { run = 'post', headers = {}, to = service } = {}) {
  const answer = await request(to.eventsUrl(run), { method: 'POST', body, headers });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    json: (await answer.body.json()) as ProblemBody,
  };
}

test('a valid update is answered by the recorded event', async () => {
  const event = await publish(service, 'valid', {
    state: 'QA',
    progress: 0.5,
    log: '품질',
    data: { a: [1] },
  });
  const { id, ts, ...rest } = event;
  assert.ok(Number.isSafeInteger(id) && Math.abs(Date.now() - ts) < 60_000);
  assert.deepEqual(rest, {
    type: 'progress',
    run_id: 'valid',
    state: 'QA',
    progress: 0.5,
    message: '품질',
    data: { a: [1] },
  });
  assert.equal((await publish(service, 'valid', { run_id: 'valid' })).id, id + 1);
});

test('bad fields are a 422 that names each, and nothing is recorded', async () => {
  const body = { state: '', progress: 2, log: 3, data: [], run_id: 'another' };
  const { status, headers, json } = await post(JSON.stringify(body), { run: 'bad' });
  assert.equal(status, 422);
  assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
  assert.equal(json.code, 'bad-update');
  assert.deepEqual(json.errors?.map(({ field }) => field).sort(), [
    'data',
    'log',
    'progress',
    'run_id',
    'state',
  ]);
  const one = await post('{"progress":NaN,"log":"good"}', { run: 'bad' });
  assert.equal(one.status, 422);
  assert.deepEqual(
    one.json.errors?.map(({ field }) => field),
    ['progress'],
  );
  assert.equal((await request(`${service.url}/api/runs/bad`)).statusCode, 404);
});

test('a body that is not JSON is a 400, one that is no object a 422', async () => {
  for (const body of ['', '{', 'progress=1', '{"a":1}}'])
    assert.deepEqual(
      [(await post(body)).status, (await post(body)).json.code],
      [400, 'not-json'],
      String(body),
    );
  for (const body of ['null', '[]', '1', '"text"', 'NaN'])
    assert.deepEqual([(await post(body)).status, (await post(body)).json.code], [422, 'bad-update'], body);
});

test('64 KiB are taken, one byte more is a 413', async () => {
  const body = (bytes: number) => JSON.stringify({ log: 'x'.repeat(bytes - 10) });
  assert.equal(body(65_536).length, 65_536);
  assert.equal((await post(body(65_536))).status, 201);
  assert.equal((await post(body(65_537))).status, 413);
});

test('a body without a length is a 413 as soon as it is too large, and the answer arrives', async () => {
  const body = ' '.repeat(MAX_BODY_BYTES + 1);
  const answer = await exchange(
    service.port,
    `POST /api/runs/chunked/events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}`,
  );
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

test('pages of another origin may not publish, the own page and programs may', async () => {
  const own = `http://127.0.0.1:${service.port}`;
  for (const origin of [
    'https://evil.example',
    'null',
    `${own}.evil.example`,
    'http://127.0.0.1',
    'nonsense',
  ]) {
    const { status, json } = await post('{}', { headers: { Origin: origin } });
    assert.deepEqual([status, json.code], [403, 'origin-not-allowed'], origin);
  }
  assert.equal((await post('{}', { headers: { Origin: own } })).status, 201);
});

test('in production open publishing is off, and says why', async (t) => {
  const production = await launchService({ NODE_ENV: 'production' });
  t.after(() => production.stop());
  const { status, json } = await post('{}', { to: production });
  assert.deepEqual([status, json.code], [403, 'publishing-disabled']);
});

test('a bad run id in the path is a 400', async () => {
  for (const run of ['\n', 'a\u0000', 'x'.repeat(257), '고'.repeat(86)])
    assert.equal((await post('{}', { run })).json.code, 'bad-run-id', JSON.stringify(run));
  assert.equal((await post('{}', { run: '고'.repeat(85) })).status, 201);
});

test('while Redis refuses writes the answer is 503 not-recorded with Retry-After', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const withRedis = await startService({ REDIS_URL: redis.url });
  t.after(() => withRedis.stop());
  const admin = await redis.client();
  await admin.config('SET', 'maxmemory', '1');
  const { status, headers, json } = await post('{"log":"full"}', { to: withRedis });
  assert.deepEqual([status, json.code, headers['retry-after']], [503, 'not-recorded', '2']);
  await admin.config('SET', 'maxmemory', '0');
  assert.equal((await post('{"log":"room"}', { to: withRedis })).status, 201);
  assert.equal(await admin.llen('autoshorts:run:post'), 1);
});

test('a body that is compressed, or in another charset, is a 415, one that is no UTF-8 a 400; nothing is recorded', async () => {
  const text = '{"log":"한글"}';
  const eucKr = Buffer.from([0x7b, 0x22, 0x6c, 0x6f, 0x67, 0x22, 0x3a, 0x22, 0xc7, 0xd1, 0x22, 0x7d]);
  const refused: [Record<string, string>, string | Buffer, number, string][] = [
    [{ 'Content-Encoding': 'gzip' }, gzipSync(text), 415, 'unsupported-coding'],
    [{ 'Content-Type': 'application/json; charset=euc-kr' }, eucKr, 415, 'unsupported-charset'],
    [{ 'Content-Type': 'application/json' }, eucKr, 400, 'not-utf-8'],
    [{}, Buffer.from([0xff, 0xfe]), 400, 'not-utf-8'],
  ];
  for (const [headers, body, status, code] of refused) {
    const answer = await post(body, { run: 'coded', headers });
    assert.deepEqual([answer.status, answer.json.code], [status, code]);
  }
  assert.equal((await request(`${service.url}/api/runs/coded`)).statusCode, 404);
  for (const contentType of ['application/json; charset="UTF-8"', 'text/plain;charset=utf8', 'nonsense'])
    assert.equal((await post(text, { run: 'coded', headers: { 'Content-Type': contentType } })).status, 201);
});

test('the answer to a body that is refused is read by a client that sends all of it first', async () => {
  const block = 'x'.repeat(64 * 1024);
  for (const [framing, send] of Object.entries({
    'Content-Length': `Content-Length: ${64 * block.length}\r\n\r\n`,
    // nginx as Debian ships it asks like this.
    'Content-Length, and close': `Connection: close\r\nContent-Length: ${64 * block.length}\r\n\r\n`,
    chunks: 'Transfer-Encoding: chunked\r\n\r\n',
  })) {
    const peer = await openSlow(service.port);
    await peer.send(`POST /api/runs/large/events HTTP/1.1\r\nHost: localhost\r\n${send}`);
    for (let n = 0; n < 64; n++)
      await peer.send(framing === 'chunks' ? `${block.length.toString(16)}\r\n${block}\r\n` : block);
    if (framing === 'chunks') await peer.send('0\r\n\r\n');
    peer.takeAll();
    await peer.until('the answer', (text) => text.includes('"code":"too-large"'));
    assert.match(peer.newest, /^HTTP\/1\.1 413 /, framing);
    // A body in chunks is the last of its connection.
    if (framing === 'Content-Length') {
      await peer.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      await peer.until('the next answer', (text) => text.includes('\nok\n'));
    }
    assert.equal(await peer.ended, 'end', framing);
  }
});

test('an update of an attempt that a higher one has followed is 409, alone and in a batch', async () => {
  const run = 'attempts';
  await publish(service, run, { attempt: 2, state: 'A', total: 4 });
  const counted = await publish(service, run, { advance: 1 });
  assert.deepEqual([counted.attempt, counted.current, counted.total, counted.progress], [2, 1, 4, 0.25]);
  const late = await post('{"attempt":1,"state":"FAILED"}', { run });
  assert.deepEqual([late.status, late.json.code], [409, 'superseded']);
  const batch = await post('{"events":[{"attempt":1,"log":"x"},{"attempt":2,"log":"y"}]}', { run });
  const { events } = batch.json as unknown as { events: { status: number }[] };
  assert.deepEqual(
    events.map(({ status }) => status),
    [409, 201],
  );
});
