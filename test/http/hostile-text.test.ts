// One stream of hostile text, read by independent parsers: they agree to the byte, and nothing got out of its field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventSource as NpmEventSource } from 'eventsource';
import { EventSource as UndiciEventSource } from 'undici';
import { readLikePython } from '../support/lines-reader.ts';
import type { ProgressMessage } from '../support/messages.ts';
import { createObserved } from '../support/observed.ts';
import { publish, publishAll } from '../support/publish.ts';
import { startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

const HOSTILE = [
  'line\r\nid: 1\r\ndata: injected\r\n\r\n',
  'event: evil\ndata: x\n\n',
  '\rretry: 1\r\r',
  'a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg\u001dh\u001ei',
  '\u0000\u0001\u001b[31mred\u001b[0m\u007f\u009b',
  '\ufeffbyte order mark',
  '</script><script>alert(1)</script><!--',
  '"}\n\ndata: {"type":"progress"}',
  '\\u000a\\n\\',
  '{"type":"initial_state"}',
  ',"record":{"started":1,"set":"9 9 9","epochs":"","sources":""}}',
  '🎉👩‍👩‍👧‍👦\u202egnp.exe\u200b',
  'NFD: \u1112\u1161\u11ab',
  ': comment',
  '',
  ' leading and trailing ',
  'x'.repeat(8192),
];

type EventSourceLike = {
  onmessage: ((event: { data: string; lastEventId: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  close(): void;
};

test('hostile text stays text, for every kind of reader', async (t) => {
  const service = await startService();
  t.after(() => service.stop());
  const run = 'run\u2028?&#"<%2F고';
  const url = service.eventsUrl(run);
  const recorded: ProgressMessage[] = [];
  for (const text of HOSTILE)
    recorded.push(
      await publish(service, run, {
        log: text,
        data: { [text.slice(0, 100)]: [text] },
        ...(/^[^\p{Cc}]{1,64}$/u.test(text) && { state: text }),
      }),
    );
  recorded.push(...(await publishAll(service, run, [{ state: 'END' }])));
  assert.deepEqual(
    recorded.map(({ message }) => message),
    [...HOSTILE, ''],
  );

  const readWith = (source: EventSourceLike) => {
    const got: { data: string; lastEventId: string }[] = [];
    const observed = createObserved(() => JSON.stringify(got.slice(-2)));
    t.after(() => source.close());
    source.onmessage = ({ data, lastEventId }) => {
      got.push({ data, lastEventId });
      observed.changed();
    };
    return observed.until('the end', () => got.length >= recorded.length && got);
  };
  const byParser = await openSse(`${url}?last_event_id=0`);
  await byParser.ended;
  const expected = byParser.messages
    .filter(({ event }) => event === undefined)
    .map(({ id, data }) => ({ data, lastEventId: id ?? '' }));
  assert.deepEqual(
    expected.map(({ data }) => JSON.parse(data)),
    recorded,
  );
  assert.deepEqual(
    expected.map(({ lastEventId }) => Number(lastEventId)),
    recorded.map(({ id }) => id),
  );
  const fromStart = `${url}?last_event_id=0`;
  assert.deepEqual(await readWith(new NpmEventSource(fromStart) as unknown as EventSourceLike), expected);
  assert.deepEqual(await readWith(new UndiciEventSource(fromStart) as unknown as EventSourceLike), expected);
  assert.deepEqual(
    readLikePython(byParser.text),
    expected.map(({ data }) => data),
  );
  assert.equal(byParser.retries.length, 1);
  assert.doesNotMatch(
    byParser.text,
    /[\u0000-\u0009\u000b-\u001f\u0085\u2028\u2029]/,
    'no control character but the line ends of the framing',
  );

  const socket = await openSocket(`${service.webSocketUrl(run)}?last_event_id=0`);
  t.after(() => socket.socket.close());
  await socket.until('all', () => socket.messages.length === recorded.length);
  assert.deepEqual(socket.messages, recorded);
});

test('a run id can not put a header or a field into an answer', async (t) => {
  const service = await startService();
  t.after(() => service.stop());
  for (const run of ['a\r\nSet-Cookie: x=1', 'a\nid: 7', 'a\r\n\r\nHTTP/1.1 200 OK']) {
    const reader = await openSse(service.eventsUrl(run));
    t.after(reader.close);
    assert.equal(reader.status, 400);
    assert.equal(reader.headers['set-cookie'], undefined);
  }
});
