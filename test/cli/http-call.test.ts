// How a request to a service ends that isn't answered, or not to its end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { call, textOf } from '../../src/cli/http-call.ts';

const limits = { headers: {}, answerMs: 60_000, silenceMs: 60_000, signal: new AbortController().signal };

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('a body is sent, and what is answered is read up to a limit', async (t) => {
  const url = await serve(t, async (request, response) => {
    response.writeHead(201, { 'x-method': request.method }).end(await textOf(request, 100));
  });
  const sent = await call(url, { ...limits, method: 'POST', body: '우주' });
  assert.deepEqual([sent.status, sent.headers['x-method']], [201, 'POST']);
  assert.equal(await textOf(sent.body, 100), '우주');
  assert.equal(await textOf((await call(url, { ...limits, method: 'POST', body: 'abcdef' })).body, 3), 'abc');
});

test('nobody waits for ever for an answer, nor for more of one', async (t) => {
  const silent = await serve(t, () => {});
  await assert.rejects(call(silent, { ...limits, answerMs: 1 }), { code: 'ANSWER_TIMEOUT' });
  const half = await serve(t, (_request, response) => response.writeHead(200).write('half'));
  const { body } = await call(half, { ...limits, silenceMs: 1 });
  await assert.rejects(textOf(body, 100), { code: 'SILENCE_TIMEOUT' });
});

test('an answer that breaks off is an error, and so is one that is given up', async (t) => {
  const cut = await serve(t, (_request, response) => {
    response.writeHead(200).write('half', () => response.destroy());
  });
  const { body } = await call(cut, limits);
  await assert.rejects(textOf(body, 100), { code: 'ECONNRESET' });
  const giving = new AbortController();
  const half = await serve(t, (_request, response) => response.writeHead(200).write('half'));
  const answer = await call(half, { ...limits, signal: giving.signal });
  giving.abort();
  await assert.rejects(textOf(answer.body, 100));
});
