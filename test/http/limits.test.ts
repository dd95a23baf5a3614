// Limits: each is hit, says so, is counted, and lets the next one in when there is room again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { request } from 'undici';
import { exchange } from '../support/raw-connection.ts';
import { type Service, startService } from '../support/service.ts';
import { openSse } from '../support/sse-reader.ts';

async function refusal(url: string, init: Parameters<typeof request>[1] = {}) {
  const { statusCode, headers, body } = await request(url, init);
  const { code } = JSON.parse(await body.text());
  return { status: statusCode, code, retryAfter: headers['retry-after'] };
}

async function metric(service: Service, name: string): Promise<number> {
  const { body } = await request(`${service.url}/metrics`);
  const line = (await body.text()).split('\n').find((text) => text.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? 0);
}

const cases = [
  {
    variable: 'MAX_CONNECTIONS',
    code: 'too-many-connections',
    other: 'another',
    headers: {},
  },
  {
    variable: 'MAX_CONNECTIONS_PER_RUN',
    code: 'too-many-connections-of-run',
    other: 'r',
    headers: {},
  },
  {
    variable: 'MAX_CONNECTIONS_PER_ADDRESS',
    code: 'too-many-connections-of-address',
    other: 'another',
    headers: { 'x-forwarded-for': '203.0.113.9, 192.0.2.1' },
  },
];

for (const { variable, code, other, headers } of cases)
  test(`${variable}: a connection too many is refused, counted and logged`, async (t) => {
    const service = await startService({ [variable]: '1', TRUSTED_PROXIES: '1' });
    t.after(() => service.stop());
    const reader = await openSse(service.eventsUrl('r'), { 'x-forwarded-for': '192.0.2.1' });
    assert.deepEqual(await refusal(service.eventsUrl(other), { headers }), {
      status: 503,
      code,
      retryAfter: '5',
    });
    assert.equal(await metric(service, `run_progress_problems_total{code="${code}"}`), 1);
    assert.equal(await metric(service, 'run_progress_connections{transport="sse"}'), 1);
    await service.program.waitForLine('the refusal', (line) => line.includes(code));
    reader.close();
    await service.program.waitForLine('the end of the first', (line) => line.includes('a reader has left'));
    const next = await openSse(service.eventsUrl('r'), { 'x-forwarded-for': '192.0.2.1' });
    next.close();
  });

test('MAX_CONNECTIONS_PER_ADDRESS: another client is let in', async (t) => {
  const service = await startService({ MAX_CONNECTIONS_PER_ADDRESS: '1', TRUSTED_PROXIES: '1' });
  t.after(() => service.stop());
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    const reader = await openSse(service.eventsUrl('r'), { 'x-forwarded-for': address });
    t.after(() => reader.close());
  }
});

test('MAX_CONNECTIONS: many that come at once, and are no readers, are all answered', async (t) => {
  const service = await startService({ MAX_CONNECTIONS: '1' });
  t.after(() => service.stop());
  const get = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const answers = await Promise.all(Array.from({ length: 300 }, () => exchange(service.port, get)));
  assert.deepEqual(new Set(answers.map((answer) => answer.slice(0, 12))), new Set(['HTTP/1.1 200']));
});

test('PUBLISH_RATE: updates beyond it get a 429, a batch as a whole', async (t) => {
  const service = await startService({ PUBLISH_RATE: '3' });
  t.after(() => service.stop());
  const events = [{ log: 'a' }, { log: 'b' }, { log: 'c' }];
  const publish = () => request(service.eventsUrl('r'), { method: 'POST', body: JSON.stringify({ events }) });
  const first = await publish();
  await first.body.dump();
  assert.equal(first.statusCode, 200);
  const { status, code, retryAfter } = await refusal(service.eventsUrl('r'), {
    method: 'POST',
    body: JSON.stringify({ events }),
  });
  assert.deepEqual({ status, code, retryAfter }, { status: 429, code: 'too-many-updates', retryAfter: '1' });
  assert.equal(await metric(service, 'run_progress_problems_total{code="too-many-updates"}'), 1);
});
