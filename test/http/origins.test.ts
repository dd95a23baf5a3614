// Pages of other origins: what ALLOWED_ORIGINS lets them do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { type Service, startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';

const ALLOWED = 'https://app.example';
let service: Service;
before(async () => {
  service = await startService({ ALLOWED_ORIGINS: `${ALLOWED}, http://other.example:3000` });
});
after(() => service.stop());

test('an allowed page may read every answer, errors too', async () => {
  for (const path of ['/api/runs/none', '/nothing', '/healthz']) {
    const { headers } = await request(service.url + path, { headers: { Origin: ALLOWED } });
    assert.equal(headers['access-control-allow-origin'], ALLOWED, path);
    assert.equal(headers['access-control-expose-headers'], 'Retry-After, ETag, WWW-Authenticate');
    assert.equal(headers.vary, 'Origin');
  }
});

test('another page may not, and is told nothing', async () => {
  const { headers } = await request(`${service.url}/healthz`, {
    headers: { Origin: 'https://evil.example' },
  });
  assert.equal(headers['access-control-allow-origin'], undefined);
  assert.equal(headers.vary, 'Origin');
});

test('a preflight names the headers that reading and publishing need', async () => {
  const { statusCode, headers } = await request(service.eventsUrl('run'), {
    method: 'OPTIONS',
    headers: { Origin: ALLOWED, 'Access-Control-Request-Method': 'POST' },
  });
  assert.equal(statusCode, 204);
  assert.equal(headers['access-control-allow-origin'], ALLOWED);
  for (const name of ['Content-Type', 'Last-Event-ID', 'Authorization'])
    assert.ok(String(headers['access-control-allow-headers']).includes(name), name);
});

test('an allowed page may publish and open a WebSocket', async () => {
  const headers = { Origin: ALLOWED };
  const { statusCode } = await request(service.eventsUrl('run'), { method: 'POST', body: '{}', headers });
  assert.equal(statusCode, 201);
  const reader = await openSocket(service.webSocketUrl('run'), { headers });
  reader.socket.close();
  await reader.closed;
});

test('the script is for every page, whatever ALLOWED_ORIGINS says', async (t) => {
  const strict = await startService();
  t.after(() => strict.stop());
  for (const { url } of [service, strict])
    for (const origin of [ALLOWED, 'https://evil.example', undefined]) {
      const { statusCode, headers, body } = await request(`${url}/run-progress.js`, {
        headers: origin === undefined ? {} : { Origin: origin },
      });
      await body.dump();
      assert.equal(statusCode, 200);
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
    }
  const { headers } = await request(`${strict.url}/page.js`, { headers: { Origin: ALLOWED } });
  assert.equal(headers['access-control-allow-origin'], undefined);
});
