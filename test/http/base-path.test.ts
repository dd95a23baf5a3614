// BASE_PATH: the whole service below a path, as behind a proxy that passes paths on as they are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import { belowBasePath } from '../../src/http/base-path.ts';
import { matchPath, parseTarget } from '../../src/http/router.ts';
import { chromiumTest } from '../element/browser-test.ts';
import { waitFor } from '../element/element-in-page.ts';
import { publishAnswer } from '../support/publish.ts';
import { exchange } from '../support/raw-connection.ts';
import { type Service, startService } from '../support/service.ts';
import { openSocket } from '../support/socket-reader.ts';
import { openSse } from '../support/sse-reader.ts';

const RUN = '우주/여행';
const EVENTS = `/progress/api/runs/${encodeURIComponent(RUN)}/events`;

let service: Service;
before(async () => {
  service = await startService({ BASE_PATH: '/progress', HEARTBEAT_SECONDS: '1' });
});
after(() => service.stop('SIGKILL'));

const eventsUrl = () => `${new URL(service.url).origin}${EVENTS}`;

async function get(path: string) {
  const { statusCode, headers, body } = await request(new URL(path, service.url));
  return { status: statusCode, location: headers.location, text: await body.text() };
}

test('runs are published, streamed, polled and followed over WebSocket below it', async (t) => {
  const reader = await openSse(eventsUrl());
  t.after(reader.close);
  const { status } = await publishAnswer({ eventsUrl }, RUN, { state: 'QA', log: 'below a path' });
  assert.equal(status, 201);
  await reader.until('the update', ({ progress }) => progress().length === 1);
  assert.equal((await get(EVENTS.replace('/events', ''))).status, 200);
  const { socket, until } = await openSocket(
    `ws://127.0.0.1:${service.port}/progress/ws/${encodeURIComponent(RUN)}`,
  );
  t.after(() => socket.terminate());
  await until('the snapshot', ({ messages }) => messages.length === 1);
});

test('nothing else is outside of it, and the answer says where it is', async () => {
  for (const path of ['/', '/run-progress.js', '/api/runs/x', '/metrics', '/progressive/', '/progress//']) {
    const { status, text } = await get(path);
    assert.equal(status, 404, path);
    assert.match(text, /A run is at \/progress\/api\/runs\//);
  }
});

test('health checks find it at the root as well, under any host name', async () => {
  for (const path of ['/healthz', '/readyz', '/progress/healthz', '/progress/readyz']) {
    const answer = await exchange(
      service.port,
      `GET ${path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 200 /, path);
  }
  const run = await exchange(
    service.port,
    `GET ${EVENTS} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n`,
  );
  assert.match(run, /host-not-allowed/);
});

test('without its slash the path leads to the page, and keeps the query', async () => {
  for (const [path, page] of [
    ['/progress', '/progress/'],
    ['/progress?run=%EA%B3%A0?&lang=ko', '/progress/?run=%EA%B3%A0?&lang=ko'],
  ] as const) {
    const { status, location } = await get(path);
    assert.equal(status, 302);
    const found = new URL(String(location), new URL(path, service.url));
    assert.equal(`${found.pathname}${found.search}`, page);
  }
  assert.equal((await get('/progress/')).status, 200);
});

test('openapi.json names the server below the path', async () => {
  const url = new URL('/progress/openapi.json', service.url);
  const { servers } = JSON.parse((await get(url.pathname)).text);
  assert.equal(new URL(servers[0].url, url).pathname, '/progress/');
});

test('a path of several parts has all routes, too', () => {
  const routes = belowBasePath('/a/b', [
    { method: 'GET', path: '/', scope: 'none', answer: () => {} },
    { method: 'GET', path: '/api/runs/:run_id', scope: 'none', answer: () => {} },
  ]);
  for (const target of ['/a/b', '/a/b/', '/a/b/api/runs/x'])
    assert.ok(
      routes.some(({ path }) => matchPath(path, parseTarget(target).segments)),
      target,
    );
});

chromiumTest('the page and its elements work below it', async (t, browser) => {
  await publishAnswer({ eventsUrl }, RUN, { state: 'QA', log: 'seen in a page' });
  const page = await browser.newPage();
  t.after(() => page.close());
  const failed: string[] = [];
  page.on('response', (response) => {
    if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
  });
  await page.goto(new URL(`/progress?run=${encodeURIComponent(RUN)}`, service.url).href);
  await waitFor(page, { last: 'seen in a page' });
  assert.deepEqual(failed, []);
});
