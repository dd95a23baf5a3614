// The line in the log at a reader's end: what it read, from where to where, and why it ended; and the same, counted.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { request } from 'undici';
import { publish } from '../support/publish.ts';
import { openRaw } from '../support/raw-connection.ts';
import { type Service, startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

async function setUp(t: TestContext, env: Record<string, string> = {}): Promise<Service> {
  const service = await startService(env);
  t.after(() => service.stop());
  return service;
}

/** Of the next reader that leaves; without what is different each time. */
async function departure(service: Service) {
  const line = await service.program.waitForLine(
    'the end of a reader',
    (text) => text.includes('has left') && text,
  );
  const { time, msg, bytes, seconds, ...rest } = JSON.parse(line);
  assert.ok(bytes > 100 && seconds >= 0 && seconds < 100, line);
  return rest;
}

const INFO = 30;

test('a stream: from nothing to the last event it had', async (t) => {
  const service = await setUp(t);
  await publish(service, 'r', { log: 'one' });
  const reader = await openSse(service.eventsUrl('r'));
  const { id } = await publish(service, 'r', { log: 'two' });
  await reader.until('it', () => reader.all().at(-1)?.id === id);
  reader.close();
  assert.deepEqual(await departure(service), {
    level: INFO,
    transport: 'sse',
    runs: ['r'],
    from: ['snapshot'],
    to: [id],
    events: 1,
    ending: 'the client left',
  });
});

test('a stream that comes back and sees the end: from its cursor', async (t) => {
  const service = await setUp(t);
  const { id } = await publish(service, 'r', { log: 'one' });
  const last = await publish(service, 'r', { state: 'END' });
  const { body } = await request(`${service.eventsUrl('r')}?last_event_id=${id}`);
  await body.dump();
  const { from, to, events, ending } = await departure(service);
  assert.deepEqual(
    { from, to, events, ending },
    { from: [id], to: [last.id], events: 1, ending: 'the run is done' },
  );
});

test('a stream of many runs: the first ones by name, and how many more', async (t) => {
  const service = await setUp(t);
  const { id } = await publish(service, 'b', { log: 'one' });
  const reader = await openSse(`${service.url}/api/events?run=a&run=b&last_event_id=0&run=c&run=d&run=e`);
  await reader.until('the event', () => reader.all().at(-1)?.id === id);
  reader.close();
  const { runs, moreRuns, from, to } = await departure(service);
  assert.deepEqual(
    { runs, moreRuns, from, to },
    {
      runs: ['a', 'b', 'c'],
      moreRuns: 2,
      from: ['snapshot', 'start', 'snapshot'],
      to: ['waiting', id, 'waiting'],
    },
  );
});

test('a long poll, at level debug: there are many', async (t) => {
  const service = await setUp(t, { LOG_LEVEL: 'debug' });
  const { id } = await publish(service, 'r', { log: 'one' });
  for (const [query, ending] of [
    ['wait=5&last_event_id=0', 'answered'],
    [`wait=0&last_event_id=${id}`, 'nothing came'],
  ]) {
    const { body } = await request(`${service.eventsUrl('r')}?${query}`);
    await body.dump();
    await service.program.waitForLine(`${ending}`, (line) => {
      if (!line.includes('has left')) return false;
      const record = JSON.parse(line);
      return record.level === 20 && record.transport === 'long-poll' && record.ending === ending;
    });
  }
});

test('a WebSocket: whose client leaves, and whose client sends what is no JSON', async (t) => {
  const service = await setUp(t);
  const { id } = await publish(service, 'r', { log: 'one' });
  for (const [leave, ending] of [
    [(socket: WebSocketLike) => socket.close(), 'the client left'],
    [(socket: WebSocketLike) => socket.send('no JSON'), 'it broke the protocol'],
  ] as const) {
    const { socket, until, messages } = await openSocket(service.webSocketUrl('r'));
    await until('the snapshot', () => messages.length === 1);
    leave(socket);
    await service.program.waitForLine(ending, (line) => {
      if (!line.includes('has left')) return false;
      const { from, to, transport, ...rest } = JSON.parse(line);
      return transport === 'websocket' && from[0] === 'snapshot' && to[0] === id && rest.ending === ending;
    });
  }
});

interface WebSocketLike {
  close(): void;
  send(text: string): void;
}

test('readers are counted by why they left', async (t) => {
  const service = await setUp(t, { HEARTBEAT_SECONDS: '1', HISTORY_LIMIT: '1000' });
  const metric = async (ending: string) => {
    const { body } = await request(`${service.url}/metrics`);
    const line = (await body.text()).split('\n').find((text) => text.includes(`ending="${ending}"`));
    return Number(line?.split(' ').at(-1));
  };
  await publish(service, 'done', { state: 'END' });
  await (await request(service.eventsUrl('done'))).body.dump();
  await departure(service);
  assert.equal(await metric('the run is done'), 1);
  const events = Array.from({ length: 10 }, () => ({ log: '가'.repeat(8000) }));
  for (let n = 0; n < 40; n++)
    await (
      await request(service.eventsUrl('large'), { method: 'POST', body: JSON.stringify({ events }) })
    ).body.dump();
  const stalled = await openRaw(service.port, { paused: true });
  t.after(stalled.reset);
  stalled.send('GET /api/runs/large/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await service.program.waitForLine('it to be cut', (line) => line.includes('it took nothing'));
  assert.equal(await metric('it took nothing'), 1);
});
