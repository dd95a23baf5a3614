// Connections end with their tokens.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { WebSocket } from 'ws';
import { type Service, startService } from '../support/service.ts';
import { makeToken, SECRET } from '../support/token.ts';

let service: Service;
before(async () => {
  service = await startService({ PROGRESS_SECRET: SECRET });
});
after(() => service.stop());

/** The whole body of a stream, until the connection breaks off. */
async function readToEnd(url: string): Promise<{ text: string; error: unknown }> {
  const token = await makeToken({ run: 'r', expiresIn: 2 });
  const { body } = await request(url, { headers: { authorization: `Bearer ${token}` } });
  let text = '';
  try {
    for await (const chunk of body) text += chunk;
  } catch (error) {
    return { text, error };
  }
  return { text, error: null };
}

test('a stream ends with its token: it says so, and that it is not whole', async () => {
  const { text, error } = await readToEnd(service.eventsUrl('r'));
  assert.match(text, /event: unauthorized\ndata: {"code":"expired-token"}\n\n$/);
  assert.ok(error, 'the last chunk is missing');
});

test('so do NDJSON and text', async () => {
  const ndjson = await readToEnd(`${service.eventsUrl('r')}?format=ndjson`);
  assert.match(ndjson.text, /{"type":"unauthorized","code":"expired-token"}\n$/);
  const text = await readToEnd(`${service.eventsUrl('r')}?format=text`);
  assert.match(text.text, /The token has expired\.\n$/);
});

test('a long poll ends without an answer: the next one is told why', async () => {
  const token = await makeToken({ run: 'r', expiresIn: 2 });
  const headers = { authorization: `Bearer ${token}` };
  const { statusCode } = await request(`${service.eventsUrl('r')}?wait=55`, { headers });
  assert.equal(statusCode, 204);
});

test('a WebSocket closes with 4401', async () => {
  const token = await makeToken({ run: 'r', expiresIn: 2 });
  const socket = new WebSocket(service.webSocketUrl('r'), { headers: { authorization: `Bearer ${token}` } });
  const [code] = await once(socket, 'close');
  assert.equal(code, 4401);
});

test('the log says who left, and holds no token', async () => {
  await service.program.waitForLine('the end of a stream', (line) => line.includes('its token expired'));
  const query = await makeToken({ run: 'r' });
  await (await request(`${service.eventsUrl('r')}?wait=0&token=${query}`)).body.dump();
  const log = service.program.lines.join('\n');
  assert.doesNotMatch(log, /eyJ/);
  assert.ok(!log.includes(SECRET));
});
