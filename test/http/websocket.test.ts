// The WebSocket, as pages of before use it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket as PageWebSocket } from 'undici';
import { createObserved } from '../support/observed.ts';
import { publish, publishAll } from '../support/publish.ts';
import { type Service, startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';
import { KOREAN_RUN, STAGES } from '../support/stages.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

test("the original's page code works unchanged", async (t) => {
  await publishAll(service, KOREAN_RUN, STAGES.slice(0, 3));
  // What the page shows, and its handler, as the original's notes describe them.
  let shown: { state: string | null; progress: number | null; logs: string[] } = {
    state: null,
    progress: 0,
    logs: [],
  };
  const observed = createObserved(() => JSON.stringify(shown));
  const socket = new PageWebSocket(`ws://127.0.0.1:${service.port}/ws/${KOREAN_RUN}`);
  t.after(() => socket.close());
  let pongs = 0;
  socket.onmessage = (event) => {
    const data = JSON.parse(event.data);
    if (data.type === 'initial_state') {
      shown = { state: data.state, progress: data.progress, logs: data.logs };
    } else if (data.type === 'progress') {
      shown = {
        state: data.state ?? shown.state,
        progress: data.progress ?? shown.progress,
        logs: data.message ? [...shown.logs, data.message] : shown.logs,
      };
    } else if (data.type === 'pong') pongs++;
    observed.changed();
  };
  socket.onopen = () => socket.send(JSON.stringify({ type: 'ping' }));

  await observed.until('the first state', () => shown.logs.length === 3 && pongs === 1);
  assert.deepEqual(shown, {
    state: 'PLOT_GENERATION',
    progress: 0.15,
    logs: STAGES.slice(0, 3).map(({ log }) => log),
  });
  await publishAll(service, KOREAN_RUN, STAGES.slice(3));
  await observed.until('the end', () => shown.state === 'END');
  assert.deepEqual(shown, { state: 'END', progress: 1, logs: STAGES.map(({ log }) => log) });
});

test('the messages are those of the stream, and the socket stays open after the end', async (t) => {
  const reader = await openSocket(service.webSocketUrl('stays'));
  t.after(() => reader.socket.close());
  const events = await publishAll(service, 'stays', [
    { state: 'END' },
    { log: 'a late line' },
    { state: 'RETRY' },
  ]);
  await reader.until('all three', () => reader.messages.length === 3);
  assert.deepEqual(reader.messages, events);
});

test('?last_event_id= goes on from there', async (t) => {
  const events = await publishAll(service, 'resumed', [{ log: 'a' }, { log: 'b' }, { log: 'c' }]);
  const reader = await openSocket(`${service.webSocketUrl('resumed')}?last_event_id=${events[0]?.id}`);
  t.after(() => reader.socket.close());
  await reader.until('the rest', () => reader.messages.length === 2);
  assert.deepEqual(reader.messages, events.slice(1));
  const ahead = await openSocket(
    `${service.webSocketUrl('resumed')}?last_event_id=${(events[2]?.id ?? 0) + 1}`,
  );
  t.after(() => ahead.socket.close());
  const [snapshot] = await ahead.until('a snapshot', () => ahead.messages.length > 0 && ahead.messages);
  assert.equal(snapshot?.type === 'initial_state' && snapshot.gap, true);
});

test("a ping is answered by a pong with the server's time; unknown types are ignored", async (t) => {
  const reader = await openSocket(service.webSocketUrl('ping'));
  t.after(() => reader.socket.close());
  const sent = Date.now();
  for (const frame of [
    '{"type":"unknown"}',
    '{}',
    'null',
    '[]',
    '42',
    '"ping"',
    '{"type":{"ping":1}}',
    ' {"type" : "ping"} ',
  ])
    reader.socket.send(frame);
  await reader.until('a pong', () => reader.messages.length > 0);
  assert.equal(reader.messages.length, 1);
  const [pong] = reader.messages;
  assert.ok(pong?.type === 'pong' && pong.ts >= sent && pong.ts <= Date.now());
});

test('a text frame that is not JSON closes with 1007', async () => {
  for (const frame of ['ping', '', '{"type":"ping"', "{'type':'ping'}"]) {
    const reader = await openSocket(service.webSocketUrl('not json'));
    reader.socket.send(frame);
    assert.equal((await reader.closed).code, 1007, frame);
  }
});

test('a frame over 4 KiB closes with 1009, one of 4 KiB does not', async () => {
  const reader = await openSocket(service.webSocketUrl('large'));
  const frame = (length: number) => JSON.stringify({ type: 'ping', pad: 'x'.repeat(length - 24) });
  assert.equal(frame(4096).length, 4096);
  reader.socket.send(frame(4096));
  await reader.until('a pong', () => reader.messages.length === 1);
  reader.socket.send(frame(4097));
  assert.equal((await reader.closed).code, 1009);
});

test('a peer that answers no protocol ping is cut off, one that does is kept', async (t) => {
  const impatient = await startService({ HEARTBEAT_SECONDS: '1' });
  t.after(() => impatient.stop());
  const deaf = await openSocket(impatient.webSocketUrl('deaf'), { autoPong: false });
  const alive = await openSocket(impatient.webSocketUrl('deaf'));
  t.after(() => alive.socket.close());
  assert.equal((await deaf.closed).code, 1006);
  await publish(impatient, 'deaf', { log: 'still here' });
  await alive.until('the event', () => alive.messages.length === 1);
});

test('protocol pings come each heartbeat, as those of streams do', async (t) => {
  const hasty = await startService({ HEARTBEAT_SECONDS: '1' });
  t.after(() => hasty.stop());
  const socket = await openSocket(hasty.webSocketUrl('silent'));
  t.after(() => socket.socket.terminate());
  const stream = await openSse(hasty.eventsUrl('silent'));
  t.after(() => stream.close());
  let pings = 0;
  socket.socket.on('ping', () => pings++);
  // The first is the greeting.
  await stream.until('four heartbeats', ({ messages }) => messages.length === 1 + 4);
  assert.ok(pings >= 3 && pings <= 5, `${pings} pings while a stream had four`);
});

test('a handshake is refused elsewhere, for a bad run id, and for a page of another origin', async () => {
  const refusals: [string, Record<string, string>, number][] = [
    [`ws://127.0.0.1:${service.port}/other/run`, {}, 404],
    [`ws://127.0.0.1:${service.port}/ws/`, {}, 400],
    [`ws://127.0.0.1:${service.port}/ws/%00`, {}, 400],
    [`ws://127.0.0.1:${service.port}/ws/%E0%A4%A`, {}, 400],
    [service.webSocketUrl('origin'), { Origin: 'https://evil.example' }, 403],
    [service.webSocketUrl('host'), { Host: 'evil.example' }, 403],
  ];
  for (const [url, headers, status] of refusals)
    await assert.rejects(openSocket(url, { headers }), new RegExp(`Unexpected server response: ${status}`));
  const same = await openSocket(service.webSocketUrl('origin'), {
    headers: { Origin: `http://127.0.0.1:${service.port}` },
  });
  same.socket.close();
  await same.closed;
});
