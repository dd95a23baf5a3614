// Several runs over one connection.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { publish } from '../support/publish.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

test('a snapshot for each run that is known, then what happens to any, without ids and without an end', async (t) => {
  await publish(service, '하나', { state: 'QA', log: 'one' });
  const reader = await openSse(
    `${service.url}/api/events?run=${encodeURIComponent('하나')}&run=two&run=two&run=three`,
  );
  t.after(reader.close);
  await reader.until('a snapshot', () => reader.snapshots().length === 1);
  const events = [
    await publish(service, 'two', { log: 'begun' }),
    await publish(service, '하나', { state: 'END' }),
    await publish(service, 'elsewhere', { log: 'not for this reader' }),
    await publish(service, 'three', { log: 'goes on' }),
  ];
  await reader.until('three events', () => reader.progress().length === 3);
  assert.deepEqual(reader.progress(), [events[0], events[1], events[3]]);
  assert.equal(reader.snapshots()[0]?.run_id, '하나');
  assert.ok(reader.messages.every(({ id }) => id === undefined));
});

test('no run, and a bad one, are a 400', async () => {
  for (const [query, code] of [
    ['', 'no-run'],
    ['?run=', 'bad-run-id'],
    ['?run=good&run=%00', 'bad-run-id'],
  ]) {
    const { statusCode, body } = await request(`${service.url}/api/events${query}`);
    assert.deepEqual([statusCode, ((await body.json()) as { code: string }).code], [400, code]);
  }
});
