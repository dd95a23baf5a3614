// Checks before a quiet service, where no heartbeat can push anything out of a proxy.
import assert from 'node:assert/strict';
import { waitFor } from '../element/element-in-page.ts';
import { pollUntil } from '../support/poll-until.ts';
import { askWhole, createFrontClient, type FrontClient } from './front-client.ts';
import {
  ACCEPT,
  eventsPath,
  newRun,
  openConnections,
  openStream,
  openWebSocket,
  publish,
  type Stage,
} from './stage.ts';

/** More than a page has; and what takes longer than any of them needs to be answered. */
export const MANY_STREAMS = 16;
const MANY_REQUESTS = 40;

/** The first ping comes at once, and each event before the next one is published. */
export async function followsAtOnce(stage: Stage, client: FrontClient, format: 'sse' | 'ndjson') {
  const runId = newRun();
  const stream = await openStream(stage, client, runId, `?format=${format}`);
  for (const log of ['하나', '둘', '셋']) {
    await publish(stage, client, runId, log);
    await stream.until(log, (text) => text.includes(`"message":"${log}"`));
  }
  assert.equal(stream.text.split('ping').length, 2, 'no heartbeat has pushed an event out');
  stream.close();
}

export async function pollsLong(stage: Stage, client: FrontClient) {
  const runId = newRun();
  const [answer] = await Promise.all([
    askWhole(client, eventsPath(stage, runId, '?wait=25'), { headers: ACCEPT }),
    pollUntil('the poll', async () => (await openConnections(stage)) > 0).then(() =>
      publish(stage, client, runId, 'polled'),
    ),
  ]);
  assert.equal(answer.status, 200);
  assert.ok(answer.text.includes('"polled"'), answer.text);
  assert.equal(answer.ending, 'end');
}

/** A body that the service doesn't read to its end. */
export async function readsRefusal(stage: Stage, client: FrontClient) {
  const body = JSON.stringify({ log: 'x'.repeat(500_000) });
  const headers = { 'content-type': 'application/json' };
  const ask = { method: 'POST', headers, body } as const;
  const { status, text } = await askWhole(client, eventsPath(stage, newRun()), ask);
  assert.equal(status, 413);
  assert.equal(JSON.parse(text).code, 'too-large');
}

export async function speaksWebSocket(stage: Stage) {
  const [client] = stage.clients as [FrontClient];
  const runId = newRun();
  const { socket, until } = await openWebSocket(stage, runId);
  socket.send('{"type":"ping"}');
  await until('pong', ({ messages }) => messages.some(({ type }) => type === 'pong'));
  for (const log of ['하나', '둘']) {
    await publish(stage, client, runId, log);
    await until(log, ({ messages }) => JSON.stringify(messages).includes(log));
  }
  socket.close();
}

/** The page at `/`, and its element, by relative addresses. */
export async function hasPage(stage: Stage) {
  const { front, path, bed, clients } = stage;
  const runId = newRun();
  await publish(stage, clients[0] as FrontClient, runId, 'before the page');
  const context = await bed.browser.newContext({ ignoreHTTPSErrors: true });
  try {
    const page = await context.newPage();
    const failed: string[] = [];
    page.on('response', (response) => {
      if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`);
    });
    // Without its slash a path leads to it.
    await page.goto(`${front.url}${path || '/'}`);
    assert.equal(new URL(page.url()).pathname, `${path}/`);
    await page.goto(`${front.url}${path}/?run=${encodeURIComponent(runId)}`);
    await waitFor(page, { last: 'before the page', transport: 'stream' });
    await publish(stage, clients[0] as FrontClient, runId, 'in the page');
    await waitFor(page, { last: 'in the page' });
    assert.deepEqual(failed, []);
  } finally {
    await context.close();
  }
}

export async function followsRunWithSlash(stage: Stage): Promise<boolean> {
  const runId = `${newRun()}/a%2Fb c`;
  const [client] = stage.clients as [FrontClient];
  const body = JSON.stringify({ log: 'a slash' });
  const { status } = await askWhole(client, eventsPath(stage, runId), { method: 'POST', body });
  if (status !== 201) return false;
  // A proxy may have made another run of it.
  const { text } = await askWhole(stage.direct, `${stage.basePath}/api/runs/${encodeURIComponent(runId)}`);
  return text.includes('a slash');
}

/** Nothing says that no further answer will come: it has had the time of many requests over another connection. */
export async function countStreams(stage: Stage): Promise<number> {
  const { t, front, clients, path } = stage;
  const client = createFrontClient(front.url, '2');
  t.after(client.close);
  const runId = newRun();
  let count = 0;
  for (let i = 0; i < MANY_STREAMS; i++)
    client.ask(eventsPath(stage, runId)).then(
      () => count++,
      () => {}, // It was not served, and its connection is closed below.
    );
  let before = -1;
  while (before !== count && count < MANY_STREAMS) {
    before = count;
    for (let i = 0; i < MANY_REQUESTS; i++) await askWhole(clients[0] as FrontClient, `${path}/healthz`);
  }
  client.close();
  return count;
}
