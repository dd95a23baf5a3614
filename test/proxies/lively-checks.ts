// Checks around the restart of the one instance, and before a service that beats once a second.
import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { pollUntil } from '../support/poll-until.ts';
import { type Answer, askWhole, type FrontClient, type HttpVersion } from './front-client.ts';
import {
  ACCEPT,
  eventsPath,
  newRun,
  openConnections,
  openStream,
  openWebSocket,
  publish,
  type Stage,
  untilNoneIsOpen,
} from './stage.ts';

export interface Restarted {
  /** What readers get while the one instance restarts. */
  away: number;
  /** Whether a stream that the service broke off looks broken, by HTTP's version. */
  seesBreak: Partial<Record<HttpVersion, boolean>>;
}

/** Longer than the time-outs of the last proxy. */
const BEATS = 6;
/** Of one client, after the restart. */
export const MAX_STREAMS = 4;

/** Readers get exactly what followed their cursor, though the one instance was away. */
export async function goesThroughRestart(
  stage: Stage,
  { stop, start }: { stop(): Promise<unknown>; start(): Promise<void> },
): Promise<Restarted> {
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

/** A stream and a WebSocket of a silent run live on by heartbeats; when they leave, the service hears of it. */
export async function livesThroughSilence(stage: Stage) {
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
export async function tellsAddresses(stage: Stage, client: FrontClient) {
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
