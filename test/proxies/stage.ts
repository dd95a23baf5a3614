// What a check of the contract has at hand: a service behind a proxy, clients of it, and runs of its own.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import type { Publisher } from '../../src/publish/publisher.ts';
import { pollUntil } from '../support/poll-until.ts';
import { openSocket, type SocketReader } from '../support/socket-reader.ts';
import type { Front } from './front.ts';
import { type Answer, askWhole, type FrontClient } from './front-client.ts';

/** What all proxies share. */
export interface Bed {
  redisUrl: string;
  /** Records in Redis though the service is away. */
  publisher: Publisher;
  browser: Browser;
}

/** All that a test has at hand. */
export interface Stage {
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
export const ACCEPT = { 'accept-encoding': 'gzip, deflate, br' };

let runs = 0;
/** A run of its own, named as runs are in real use. */
export const newRun = () => `20251105_1430_우주여행고양이_${++runs}`;
export const eventsPath = ({ path }: Stage, runId: string, query = '') =>
  `${path}/api/runs/${encodeURIComponent(runId)}/events${query}`;

export async function publish(stage: Stage, client: FrontClient, runId: string, log: string) {
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
export async function openStream(
  stage: Stage,
  client: FrontClient,
  runId: string,
  query = '',
): Promise<Answer> {
  const answer = await client.ask(eventsPath(stage, runId, query), { headers: ACCEPT });
  assert.equal(answer.status, 200, answer.text);
  assert.ok(['identity', undefined].includes(answer.headers['content-encoding']), 'it is compressed');
  await answer.until('the first ping', (text) => text.includes('ping'));
  return answer;
}

export async function openWebSocket({ t, front, path }: Stage, runId: string): Promise<SocketReader> {
  const url = `${front.url.replace('http', 'ws')}${path}/ws/${encodeURIComponent(runId)}`;
  const reader = await openSocket(url, { rejectUnauthorized: false, origin: front.url });
  t.after(() => reader.socket.terminate());
  return reader;
}

export async function openConnections({ direct, basePath }: Stage): Promise<number> {
  const { text } = await askWhole(direct, `${basePath}/metrics`);
  const counts = [...text.matchAll(/^run_progress_connections\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

export async function untilNoneIsOpen(stage: Stage) {
  await pollUntil('the end of all connections', async () => (await openConnections(stage)) === 0);
}
