// Long polling: one answer with what follows the cursors, then its end; 204 when nothing came in time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import type { LocalService } from '../support/local-service.ts';
import { connected, setUp } from '../support/peers.ts';
import { pollUntil } from '../support/poll-until.ts';

interface Message {
  type: string;
  run_id: string;
  id: number;
  gap?: boolean;
}

async function ask(service: LocalService, path: string) {
  const { statusCode, headers, body } = await request(`${service.url}${path}`);
  const text = await body.text();
  const lines = text.split('\n').slice(0, -1);
  return {
    status: statusCode,
    headers,
    text,
    /** Short, to compare: 'run snapshot 3', 'run gap 0', 'run 4'. */
    got: () =>
      lines
        .map((line) => JSON.parse(line) as Message)
        .map(({ type, run_id, id, gap }) =>
          type === 'progress' ? `${run_id} ${id}` : `${run_id} ${gap ? 'gap' : 'snapshot'} ${id}`,
        ),
  };
}

test('what is there already comes at once, by the cursor, and the answer ends', async (t) => {
  const service = await setUp(t);
  const ids = await service.store.publish('r', { log: 'a' }, { log: 'b' }, { log: 'c' });
  const first = await ask(service, '/api/runs/r/events?wait=55');
  assert.equal(first.headers['content-type'], 'application/x-ndjson; charset=utf-8');
  assert.equal(first.headers['transfer-encoding'], 'chunked');
  assert.deepEqual(first.got(), [`r snapshot ${ids[2]}`]);
  const rest = await ask(service, `/api/runs/r/events?wait=55&last_event_id=${ids[0]}`);
  assert.deepEqual(rest.got(), [`r ${ids[1]}`, `r ${ids[2]}`]);
  const all = await ask(service, '/api/runs/r/events?wait=0&last_event_id=0');
  assert.deepEqual(all.got(), [`r ${ids[0]}`, `r ${ids[1]}`, `r ${ids[2]}`]);
  assert.equal(service.openCount(), 0);
});

test('nothing in time is a 204, and wait=0 looks and returns', async (t) => {
  const service = await setUp(t);
  const [id] = await service.store.publish('r', { log: 'a' });
  for (const path of [
    `/api/runs/r/events?wait=0&last_event_id=${id}`,
    `/api/runs/r/events?wait=0.05&last_event_id=${id}`,
    '/api/runs/unknown/events?wait=0',
    `/api/events?wait=0&run=r&last_event_id=${id}&run=unknown`,
  ]) {
    const { status, text } = await ask(service, path);
    assert.deepEqual([status, text], [204, ''], path);
  }
  await pollUntil('all places to be free', async () => service.openCount() === 0);
});

test('an answer that waits ends with the first event of any of its runs', async (t) => {
  const service = await setUp(t);
  const [a] = await service.store.publish('a', { log: 'one' });
  const answer = ask(service, `/api/events?wait=55&run=a&last_event_id=${a}&run=b&run=c`);
  await pollUntil('the wait', async () => service.openCount() === 1);
  const [b] = await service.store.publish('b', { log: 'two' });
  assert.deepEqual((await answer).got(), [`b ${b}`]);
});

test('each cursor belongs to the run before it', async (t) => {
  const service = await setUp(t);
  const a = await service.store.publish('a', { log: '1' }, { log: '2' });
  const b = await service.store.publish('b', { log: '1' }, { log: '2' });
  const query = `run=a&last_event_id=${a[0]}&run=b&run=c&last_event_id=77&run=d&last_event_id=undefined`;
  const { got } = await ask(service, `/api/events?wait=0&${query}`);
  assert.deepEqual(got(), [`a ${a[1]}`, `b snapshot ${b[1]}`, 'c gap 0']);
  const early = await ask(service, '/api/events?last_event_id=3&run=a');
  assert.deepEqual([early.status, JSON.parse(early.text).code], [400, 'no-run']);
});

test('of runs that are done, and had by the reader, nothing is waited for', async (t) => {
  const service = await setUp(t);
  const [a] = await service.store.publish('a', { state: 'END' });
  const [b] = await service.store.publish('b', { state: 'END' });
  assert.equal((await ask(service, `/api/runs/a/events?wait=55&last_event_id=${a}`)).status, 204);
  const both = `/api/events?wait=55&run=a&last_event_id=${a}&run=b&last_event_id=`;
  assert.equal((await ask(service, both + b)).status, 204);
  assert.deepEqual((await ask(service, `${both}0`)).got(), [`b ${b}`]);
});

test('any format will do, and a wait out of bounds will not', async (t) => {
  const service = await setUp(t);
  const [id] = await service.store.publish('r', { log: 'a' });
  const sse = await ask(service, '/api/runs/r/events?wait=1&format=sse&last_event_id=0');
  assert.equal(sse.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.ok(sse.text.startsWith(`id: ${id}\ndata: {`) && sse.text.endsWith('}\n\n'));
  const people = await ask(service, '/api/runs/r/events?wait=1&format=text&last_event_id=0');
  assert.match(people.text, /^\d\d:\d\d:\d\d .* a\n$/);
  for (const wait of ['', '-1', '56', 'x', '1e1', '55.5']) {
    const { status, text } = await ask(service, `/api/runs/r/events?wait=${wait}`);
    assert.deepEqual([status, JSON.parse(text).code], [400, 'bad-wait'], wait);
  }
  const unknown = await ask(service, '/api/runs/r/events?format=xml');
  assert.deepEqual([unknown.status, JSON.parse(unknown.text).code], [400, 'bad-format']);
});

test('a history of many parts comes whole, and HTTP/1.0 gets it without chunks', async (t) => {
  const service = await setUp(t);
  const log = '가'.repeat(8000);
  for (let n = 0; n < 60; n++) await service.store.publish('large', { log });
  const { got } = await ask(service, '/api/runs/large/events?wait=0&last_event_id=0');
  assert.equal(got().length, 60);
  const old = await connected(t, service);
  old.takeAll();
  await old.send('GET /api/runs/large/events?wait=0&last_event_id=0 HTTP/1.0\r\nHost: localhost\r\n\r\n');
  assert.equal(await old.ended, 'end');
  assert.match(old.newest, /가"}\n$/);
});

test('a shutdown answers those that wait with 503', async (t) => {
  const service = await setUp(t);
  const waiting = ask(service, '/api/runs/r/events?wait=55');
  await pollUntil('the wait', async () => service.openCount() === 1);
  service.closeReaders();
  const { status, headers, text } = await waiting;
  assert.deepEqual([status, JSON.parse(text).code], [503, 'shutting-down']);
  assert.match(String(headers['retry-after']), /^[1-5]$/);
  assert.equal((await ask(service, '/api/runs/r/events?wait=55')).status, 503);
});

test('a client that goes away gives its place back', async (t) => {
  const service = await setUp(t);
  const peer = await connected(t, service);
  await peer.send('GET /api/runs/r/events?wait=55 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await pollUntil('the wait', async () => service.openCount() === 1);
  peer.end();
  peer.takeAll();
  await pollUntil('its place to be free', async () => service.openCount() === 0);
});

test('a wait is not cut for its silence, though it was asked for behind an answer', async (t) => {
  const service = await setUp(t, { heartbeatMs: 50 });
  const peer = await connected(t, service);
  peer.takeAll();
  await peer.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await peer.until('the answer', (text) => text.includes('\nok\n'));
  await peer.send('GET /api/runs/r/events?wait=1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
  assert.equal(await peer.ended, 'end');
  assert.match(peer.newest, /HTTP\/1\.1 204 /);
});
