// A stream as bytes: its head, its chunks, its lines, and how it ends.
import assert from 'node:assert/strict';
import { get } from 'node:http';
import { test } from 'node:test';
import { request } from 'undici';
import type { LocalService } from '../support/local-service.ts';
import { codeOf, connected, setUp, streamRequest } from '../support/peers.ts';
import { pollUntil } from '../support/poll-until.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

/** The head of an answer to HTTP/1.1, and its chunks. */
function parse(answer: string): { head: string; chunks: string[] } {
  const at = answer.indexOf('\r\n\r\n') + 4;
  const chunks: string[] = [];
  let rest = Buffer.from(answer.slice(at));
  while (rest.length > 0) {
    const [size = ''] = rest.toString().split('\r\n', 1);
    const begin = size.length + 2;
    const end = begin + Number.parseInt(size, 16);
    chunks.push(rest.subarray(begin, end).toString());
    assert.equal(rest.subarray(end, end + 2).toString(), '\r\n', `no chunk ends there: ${size}`);
    rest = rest.subarray(end + 2);
  }
  return { head: answer.slice(0, at), chunks };
}

async function readAll(service: LocalService, path: string, headers: Record<string, string> = {}) {
  const { statusCode, headers: got, body } = await request(service.url + path, { headers });
  return { status: statusCode, headers: got, text: await body.text() };
}

test('HTTP/1.1 gets a chunk for what is written at once, and the last chunk when the run has ended', async (t) => {
  const service = await setUp(t);
  const peer = await connected(t, service);
  peer.takeAll();
  await peer.send(streamRequest('r'));
  await pollUntil('the stream', async () => service.openCount() === 1);
  const [id] = await service.store.publish('r', { log: '하나' }, { state: 'END' });
  assert.equal(await peer.ended, 'end');
  const { head, chunks } = parse(peer.newest);
  assert.match(head, /\r\nTransfer-Encoding: chunked\r\n/);
  assert.match(head, /\r\nContent-Encoding: identity\r\n/);
  assert.equal(chunks.length, 3);
  assert.match(chunks[0] ?? '', /^retry: \d+\nevent: ping\ndata: \d+\n\n$/);
  assert.match(
    chunks[1] ?? '',
    new RegExp(`^id: ${id}\ndata: {.*하나"}\n\nid: \\d+\ndata: {.*"done":true}\n\n$`),
  );
  assert.equal(chunks[2], '');
});

test('HTTP/1.0 gets a body that ends with the connection', async (t) => {
  const service = await setUp(t);
  await service.store.publish('r', { log: 'one' }, { state: 'END' });
  const peer = await connected(t, service);
  peer.takeAll();
  await peer.send(streamRequest('r').replace('HTTP/1.1', 'HTTP/1.0'));
  assert.equal(await peer.ended, 'end');
  assert.doesNotMatch(peer.newest, /Transfer-Encoding/);
  assert.match(peer.newest, /\r\n\r\nretry: \d+\nevent: ping\ndata: \d+\n\nid: \d+\ndata: {.*}\n\n$/);
});

test('a client can tell that a stream which a shutdown ends is not whole', async (t) => {
  const service = await setUp(t);
  const ended = new Promise<boolean>((resolve, reject) => {
    get(`${service.url}/api/runs/r/events`, (response) => {
      response.on('error', () => {}).on('close', () => resolve(response.complete));
      response.resume();
      service.closeReaders();
    }).on('error', reject);
  });
  assert.equal(await ended, false);
});

test('a large snapshot comes in lines of at most 64 KB, and is the same JSON', async (t) => {
  const service = await setUp(t, { historyLimit: 500 });
  for (let n = 0; n < 500; n++) await service.store.publish('r', { log: `${n} ${'줄'.repeat(60)}` });
  await service.store.publish('r', { log: '\u0001'.repeat(8192), data: { a: ['x'.repeat(16_000)] } });
  const poll = await readAll(service, '/api/runs/r');
  const reader = await openSse(`${service.url}/api/runs/r/events`);
  t.after(reader.close);
  await reader.until('the snapshot', () => reader.all().length > 0);
  assert.deepEqual(reader.all()[0], JSON.parse(poll.text));
  const lines = reader.text.split('\n').map((line) => Buffer.byteLength(line));
  assert.ok(lines.filter((length) => length > 1000).length >= 3, 'in several lines');
  assert.ok(Math.max(...lines) < 64_000, `${Math.max(...lines)}`);
});

test('a HEAD is answered as a GET is, and takes no place', async (t) => {
  const service = await setUp(t);
  const [id] = await service.store.publish('done', { state: 'END' });
  for (const [path, answer] of [
    ['/api/runs/done/events', '200'],
    [`/api/runs/done/events?last_event_id=${id}`, '204'],
    ['/api/runs/%E0%A4%A/events', '400'],
    ['/api/events', '400'],
    ['/api/events?run=done', '200'],
    ['/api/runs/r/events?format=xml', '400'],
  ] as const) {
    assert.equal(await codeOf(service.url + path, 'HEAD'), answer, path);
    if (answer !== '200') assert.equal((await request(service.url + path)).statusCode, Number(answer), path);
  }
  assert.equal(service.openCount(), 0);
});

test('malformed percent-encoding in a query is a 400, as in a path', async (t) => {
  const service = await setUp(t);
  for (const path of ['/api/events?run=%E0%A4%A', '/api/events?run=a&run=%zz', '/api/runs/r/events?x=%'])
    assert.equal(await codeOf(service.url + path), '400 bad-encoding', path);
  assert.deepEqual(service.store.asked, []);
});

test('the format comes by name, or by what Accept likes best; what likes nothing best gets SSE', async (t) => {
  const service = await setUp(t);
  await service.store.publish('r', { state: 'END', log: 'one' });
  const sse = 'text/event-stream; charset=utf-8';
  const ndjson = 'application/x-ndjson; charset=utf-8';
  const text = 'text/plain; charset=utf-8';
  for (const [query, accept, type] of [
    ['', '*/*', sse],
    ['', 'application/json, text/plain, */*', sse],
    ['', 'text/html,application/xhtml+xml,*/*;q=0.8', sse],
    ['', 'text/html', sse],
    ['', 'text/plain', text],
    ['', 'text/*;q=0.5, application/x-ndjson', ndjson],
    ['', 'text/plain;q=0.1, application/x-ndjson;q=0.9', ndjson],
    ['', 'TEXT/PLAIN; q=1, text/event-stream;q=0.5', text],
    ['?format=ndjson', 'text/plain', ndjson],
    ['?format=sse', 'text/plain', sse],
  ] as const) {
    const { headers } = await readAll(service, `/api/runs/r/events${query}`, { accept });
    assert.equal(headers['content-type'], type, `${query} ${accept}`);
  }
});

test('NDJSON has a JSON per line, text a line per event, and both end with the run', async (t) => {
  const service = await setUp(t);
  await service.store.publish('r', { state: 'QA', progress: 0.5, log: 'one\u2028\u001b[31m' });
  await service.store.publish('r', { state: 'END', progress: 1, log: 'two' });
  const ndjson = await readAll(service, '/api/runs/r/events?format=ndjson&last_event_id=0');
  const messages = ndjson.text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    messages.map(({ type, message }) => [type, message]),
    [
      ['ping', undefined],
      ['progress', 'one\u2028\u001b[31m'],
      ['progress', 'two'],
    ],
  );
  const text = await readAll(service, '/api/runs/r/events?format=text&last_event_id=0');
  assert.match(
    text.text,
    /^\d\d:\d\d:\d\d {2}█{10}░{10} {2}50 % {2}QA +one\S*␛\[31m\n.*█{20} 100 % {2}END +two\n$/,
  );
});

test('several runs come in every format', async (t) => {
  const service = await setUp(t);
  for (const format of ['sse', 'ndjson', 'text']) {
    const peer = await connected(t, service);
    peer.takeAll();
    await peer.send(`GET /api/events?run=a&run=b&format=${format} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await pollUntil('the stream', async () => service.openCount() === 1);
    await service.store.publish('a', { log: `one in ${format}` });
    await service.store.publish('b', { state: 'END', log: `two in ${format}` });
    for (const log of ['one', 'two']) await peer.until(log, (got) => got.includes(`${log} in ${format}`));
    peer.end();
    await pollUntil('its end', async () => service.openCount() === 0);
  }
});

test("pings and pongs bear the store's time, and go on when the host's clock is set back", async (t) => {
  const service = await setUp(t, { heartbeatMs: 60 });
  let storeMs = 1_763_800_000_000;
  service.store.now = () => storeMs++;
  const reader = await openSse(`${service.url}/api/runs/r/events`);
  t.after(reader.close);
  const ndjson = await connected(t, service);
  ndjson.takeAll();
  await ndjson.send('GET /api/runs/r/events?format=ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const socket = await openSocket(`ws://127.0.0.1:${service.port}/ws/r`);
  t.after(() => socket.socket.terminate());
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 120_000 });
  const count = reader.messages.length;
  await reader.until('three more pings', () => reader.messages.length >= count + 3);
  assert.ok(reader.messages.every(({ data }) => /^17638000000\d\d$/.test(data)));
  await ndjson.until('a ping', (text) => /\n{"type":"ping","ts":17638000000\d\d}\n/.test(text));
  socket.socket.send('{"type":"ping"}');
  await socket.until('a pong', () => socket.messages.length > 0);
  const [pong] = socket.messages;
  assert.ok(pong?.type === 'pong' && String(pong.ts).startsWith('17638000000'));
});

test('a WebSocket that is accepted during a shutdown is closed with 1001', async (t) => {
  const service = await setUp(t);
  service.closeReaders();
  const reader = await openSocket(`ws://127.0.0.1:${service.port}/ws/r`);
  assert.equal((await reader.closed).code, 1001);
  await pollUntil('its place to be free', async () => service.openCount() === 0);
});
