// What must hold before every proxy, whatever it is and however it was set up. A service behind it is quiet at first: with
// one heartbeat in half a minute nothing but the proxy itself can push an event out. Then it restarts, and beats once a second.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { WebSocket } from 'ws';
import type { Publisher } from '../../src/publish/publisher.ts';
import { waitFor } from '../element/element-in-page.ts';
import { pollUntil } from '../support/poll-until.ts';
import { freePort } from '../support/redis.ts';
import { startService } from '../support/service.ts';
import { openSocket, type SocketReader } from '../support/socket-reader.ts';
import { type Front, type Recipe, startFront } from './front.ts';
import {
  type Answer,
  askWhole,
  createFrontClient,
  type FrontClient,
  type HttpVersion,
} from './front-client.ts';

/** What all proxies share. */
export interface Bed {
  redisUrl: string;
  /** Records in Redis though the service is away. */
  publisher: Publisher;
  browser: Browser;
}

export interface Way {
  /** Of the block in docs/proxies.md. */
  block: string;
  /** What the guide says to change in it. */
  edit?: (block: string) => string;
  /** Where the service is found: '' or '/progress'. */
  path: string;
  /** BASE_PATH of the service: the proxy passes paths on as they are. */
  basePath?: string;
  /** Another proxy between this one and the service. */
  behind?: { recipe: Recipe; edit: (block: string) => string };
}

/** What differs from proxy to proxy, and is no fault. */
export interface Observed {
  /** What readers get while the one instance restarts. */
  away: number;
  /** Whether a stream that the service broke off looks broken, by HTTP's version. */
  seesBreak: Partial<Record<HttpVersion, boolean>>;
  /** Whether a run may be named 'a/b'. */
  takesSlashes: boolean;
  /** How many of MANY_STREAMS it serves at once over one connection of HTTP/2; null without HTTP/2. */
  streamsAtOnce: number | null;
}

/** All that a test has at hand. */
interface Stage {
  t: TestContext;
  bed: Bed;
  front: Front;
  path: string;
  clients: readonly FrontClient[];
  /** Of the service itself, past the proxy. */
  direct: FrontClient;
  basePath: string;
}

/** Browsers ask for compression with every request. */
const ACCEPT = { 'accept-encoding': 'gzip, deflate, br' };
const QUIET = '30';
/** Of the last proxy, before a service that beats once a second: so many beats are longer. */
const TIMEOUT_SECONDS = 3;
const BEATS = 6;
/** More than a page has; and what takes longer than any of them needs to be answered. */
export const MANY_STREAMS = 16;
const MANY_REQUESTS = 40;
/** Of one client, after the restart. */
const MAX_STREAMS = 4;

export async function proxyContract(t: TestContext, recipe: Recipe, way: Way, bed: Bed): Promise<Observed> {
  const port = String(await freePort());
  const { path, basePath = '' } = way;
  const env = { PORT: port, REDIS_URL: bed.redisUrl, BASE_PATH: basePath };
  const quiet = await startService({ ...env, HEARTBEAT_SECONDS: QUIET });
  t.after(() => quiet.stop('SIGKILL'));
  const front = await startFronts(t, recipe, Number(port), way);
  const clients = openClients(t, recipe, front);
  const direct = createFrontClient(new URL(quiet.url).origin, '1.1');
  const stage: Stage = { t, bed, front, path, clients, direct, basePath };

  for (const client of clients) {
    await followsAtOnce(stage, client, 'sse');
    await followsAtOnce(stage, client, 'ndjson');
    await pollsLong(stage, client);
    await readsRefusal(stage, client);
  }
  await speaksWebSocket(stage);
  await hasPage(stage);
  const takesSlashes = await followsRunWithSlash(stage);

  const streamsAtOnce = recipe.hasHttp2 ? await countStreams(t, stage) : null;
  const seen = await goesThroughRestart(stage, {
    stop: () => quiet.stop('SIGTERM'),
    start: async () => {
      const lively = await startService({
        ...env,
        HEARTBEAT_SECONDS: '1',
        TRUSTED_PROXIES: way.behind ? '2' : '1',
        MAX_CONNECTIONS_PER_ADDRESS: String(MAX_STREAMS),
      });
      t.after(() => lively.stop('SIGKILL'));
    },
  });
  await untilNoneIsOpen(stage);
  const strict = await startFronts(t, recipe, Number(port), { ...way, timeoutSeconds: TIMEOUT_SECONDS });
  const strictClients = openClients(t, recipe, strict);
  await livesThroughSilence({ ...stage, front: strict, clients: strictClients });
  // On connections of their own: Apache serves few streams at once on one that has reset some.
  for (const client of openClients(t, recipe, front)) await tellsAddresses(stage, client);
  return { ...seen, takesSlashes, streamsAtOnce };
}

async function startFronts(
  t: TestContext,
  recipe: Recipe,
  servicePort: number,
  way: Way & { timeoutSeconds?: number },
): Promise<Front> {
  let port = servicePort;
  if (way.behind) {
    const { recipe: inner, edit } = way.behind;
    const { url, stop } = await startFront(inner, port, { ...way, block: inner.name, edit });
    t.after(stop);
    port = Number(new URL(url).port);
  }
  const front = await startFront(recipe, port, way);
  t.after(front.stop);
  return front;
}

function openClients(t: TestContext, { hasHttp2 }: Recipe, { url }: Front): FrontClient[] {
  const versions: HttpVersion[] = hasHttp2 ? ['1.1', '2'] : ['1.1'];
  return versions.map((version) => {
    const client = createFrontClient(url, version);
    t.after(client.close);
    return client;
  });
}

let runs = 0;
/** A run of its own, named as runs are in real use. */
const newRun = () => `20251105_1430_우주여행고양이_${++runs}`;
const eventsPath = ({ path }: Stage, runId: string, query = '') =>
  `${path}/api/runs/${encodeURIComponent(runId)}/events${query}`;

async function publish(stage: Stage, client: FrontClient, runId: string, log: string) {
  // As a page does it: the proxy has to tell the service under which name it was reached.
  const headers = { 'content-type': 'application/json', origin: stage.front.url };
  const body = JSON.stringify({ state: 'QA', log });
  const { status, text } = await askWhole(client, eventsPath(stage, runId), {
    method: 'POST',
    headers,
    body,
  });
  assert.equal(status, 201, text);
}

/** Fulfilled with the stream when its first ping is here. */
async function openStream(stage: Stage, client: FrontClient, runId: string, query = ''): Promise<Answer> {
  const answer = await client.ask(eventsPath(stage, runId, query), { headers: ACCEPT });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(['identity', undefined].includes(answer.headers['content-encoding']), 'it is compressed');
  await answer.until('the first ping', (text) => text.includes('ping'));
  return answer;
}

/** The first ping comes at once, and each event before the next one is published. */
async function followsAtOnce(stage: Stage, client: FrontClient, format: 'sse' | 'ndjson') {
  const runId = newRun();
  const stream = await openStream(stage, client, runId, `?format=${format}`);
  for (const log of ['하나', '둘', '셋']) {
    await publish(stage, client, runId, log);
    await stream.until(log, (text) => text.includes(`"message":"${log}"`));
  }
  assert.equal(stream.text.split('ping').length, 2, 'no heartbeat has pushed an event out');
  stream.close();
}

async function pollsLong(stage: Stage, client: FrontClient) {
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
async function readsRefusal(stage: Stage, client: FrontClient) {
  const body = JSON.stringify({ log: 'x'.repeat(500_000) });
  const headers = { 'content-type': 'application/json' };
  const ask = { method: 'POST', headers, body } as const;
  const { status, text } = await askWhole(client, eventsPath(stage, newRun()), ask);
  assert.equal(status, 413);
  assert.equal(JSON.parse(text).code, 'too-large');
}

async function openWebSocket({ t, front, path }: Stage, runId: string): Promise<SocketReader> {
  const url = `${front.url.replace('http', 'ws')}${path}/ws/${encodeURIComponent(runId)}`;
  const reader = await openSocket(url, { rejectUnauthorized: false, origin: front.url });
  t.after(() => reader.socket.terminate());
  return reader;
}

async function speaksWebSocket(stage: Stage) {
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
async function hasPage(stage: Stage) {
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

async function followsRunWithSlash(stage: Stage): Promise<boolean> {
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
async function countStreams(t: TestContext, stage: Stage): Promise<number> {
  const { front, clients, path } = stage;
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

/** Readers get exactly what followed their cursor, though the one instance was away. */
async function goesThroughRestart(
  stage: Stage,
  { stop, start }: { stop(): Promise<unknown>; start(): Promise<void> },
): Promise<Pick<Observed, 'away' | 'seesBreak'>> {
  const { clients, bed } = stage;
  const runId = newRun();
  const streams = await Promise.all(clients.map((client) => openStream(stage, client, runId)));
  await publish(stage, clients[0] as FrontClient, runId, 'first');
  await Promise.all(streams.map((stream) => stream.until('first', (text) => text.includes('"first"'))));
  await stop();
  const endings = await Promise.all(streams.map(({ ended }) => ended));
  const cursors = streams.map(({ text }) => /id: (\d+)\ndata: .*"first"/.exec(text)?.[1] ?? '');
  for (const log of ['second', 'third']) bed.publisher.publish(runId, { log });
  assert.equal(await bed.publisher.flush(), true);
  const { status: away } = await askWhole(clients[0] as FrontClient, eventsPath(stage, runId));
  await start();
  await pollUntil('the service through the proxy', async () => {
    const { status } = await askWhole(clients[0] as FrontClient, `${stage.path}/readyz`);
    return status === 200;
  });
  for (const [i, client] of clients.entries()) {
    const headers = { ...ACCEPT, 'last-event-id': cursors[i] ?? '' };
    const stream = await client.ask(eventsPath(stage, runId), { headers });
    await stream.until('all', (text) => text.includes('"third"'));
    const messages = [...stream.text.matchAll(/"message":"(\w+)"/g)].map(([, log]) => log);
    assert.deepEqual(messages, ['second', 'third']);
    stream.close();
  }
  const seesBreak = Object.fromEntries(clients.map(({ version }, i) => [version, endings[i] === 'broken']));
  return { away, seesBreak };
}

async function openConnections({ direct, basePath }: Stage): Promise<number> {
  const { text } = await askWhole(direct, `${basePath}/metrics`);
  const counts = [...text.matchAll(/^run_progress_connections\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

async function untilNoneIsOpen(stage: Stage) {
  await pollUntil('the end of all connections', async () => (await openConnections(stage)) === 0);
}

/** A stream and a WebSocket of a silent run live on by heartbeats; when they leave, the service hears of it. */
async function livesThroughSilence(stage: Stage) {
  const runId = newRun();
  const streams = await Promise.all(stage.clients.map((client) => openStream(stage, client, runId)));
  const { socket } = await openWebSocket(stage, runId);
  const beats = new Promise<void>((resolve, reject) => {
    let count = 0;
    socket.on('ping', () => {
      if (++count === BEATS) resolve();
    });
    socket.on('close', (code) =>
      reject(new Error(`the WebSocket was closed (${code}) after ${count} pings`)),
    );
  });
  const pings = (text: string) => text.split('event: ping').length > BEATS;
  await Promise.all([beats, ...streams.map((stream) => stream.until(`${BEATS} pings`, pings))]);
  const events = streams.length + 1;
  assert.equal(await openConnections(stage), events);
  assert.equal(socket.readyState, WebSocket.OPEN);
  for (const stream of streams) stream.close();
  socket.terminate();
  await untilNoneIsOpen(stage);
}

/** The proxy adds the address that it sees, so a client that writes others is still one client. */
async function tellsAddresses(stage: Stage, client: FrontClient) {
  const runId = newRun();
  const path = eventsPath(stage, runId);
  const headersOf = (i: number) => ({ headers: { 'x-forwarded-for': `203.0.113.${i}` } });
  const streams: Answer[] = [];
  for (let i = 0; i < MAX_STREAMS; i++) streams.push(await client.ask(path, headersOf(i)));
  assert.ok(streams.every((stream) => stream.status === 200));
  const refused = await client.ask(path, headersOf(MAX_STREAMS));
  assert.equal(refused.status, 503, 'the proxy believes what clients write');
  await refused.ended;
  assert.equal(JSON.parse(refused.text).code, 'too-many-connections-of-address');
  for (const stream of streams) stream.close();
  await untilNoneIsOpen(stage);
}
