// What the service answers: the routes, from the request to the run and the way of delivery.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerPoll } from '../delivery/poll.ts';
import { createSseFrames, type SseFrames } from '../delivery/sse-frames.ts';
import type { SseStream } from '../delivery/sse-stream.ts';
import { SSE_HEADERS, type SseStreams } from '../delivery/sse-streams.ts';
import type { WebSockets } from '../delivery/websocket.ts';
import { MAX_BODY_BYTES } from '../publish/http-body.ts';
import { parseCursor } from '../runs/cursor.ts';
import { type Hub, type OpenOptions, TooManyRuns } from '../runs/hub.ts';
import type { Run } from '../runs/run.ts';
import { parseRunId } from '../runs/run-id.ts';
import type { Store } from '../runs/store.ts';
import type { Access } from './access.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { HttpProblem } from './problem.ts';
import type { PublishEndpoint } from './publish-endpoint.ts';
import { readBody } from './request-body.ts';
import { matchPath, parseTarget, type RequestContext, type Route } from './router.ts';

export interface ServiceOptions {
  hub: Hub;
  store: Store;
  access: Access;
  sseStreams: SseStreams;
  webSockets: WebSockets;
  publisher: PublishEndpoint;
  limit: ConnectionLimit;
  /** Publishing over HTTP is open to whoever reaches the service, so in production it is off. */
  isProduction: boolean;
  /** The service is shutting down. */
  isClosing(): boolean;
}

/** How long a reader waits for a store that is away, before its stream opens without it, or its poll gets a 503. */
const PATIENCE_MS = 2000;
const WEBSOCKET_PATH = '/ws/:run_id';
/** Of a request for several runs: they fit into what every proxy lets through. */
const MAX_URL_BYTES = 6 * 1024;

const runFrames = createSseFrames({ withIds: true });
/** A stream of several runs has no cursor: whoever comes back begins anew. */
const runsFrames = createSseFrames({ withIds: false });

export interface Service {
  routes: readonly Route[];
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

export function createService(options: ServiceOptions): Service {
  const { hub, store, access, sseStreams, webSockets, publisher, limit, isProduction, isClosing } = options;

  async function open(runId: string, options: Omit<OpenOptions, 'patienceMs'> = {}): Promise<Run> {
    try {
      return await hub.open(runId, { ...options, patienceMs: PATIENCE_MS });
    } catch (error) {
      if (!(error instanceof TooManyRuns)) throw error;
      throw new HttpProblem(503, 'too-many-runs', `${error.message}.`, { headers: { 'Retry-After': '5' } });
    }
  }

  /** Null if the client has gone meanwhile. */
  function openStream(response: ServerResponse, frames: SseFrames): SseStream | null {
    if (response.destroyed) return null;
    if (!response.socket)
      throw new HttpProblem(
        400,
        'pipelined',
        'A stream needs a connection of its own, with nothing before it.',
      );
    limit.check();
    return sseStreams.open(response, frames);
  }

  async function stream({ request, response, params, query }: RequestContext) {
    const runId = parsedRunId(params.get('run_id'));
    if (request.method === 'HEAD') return sendHead(response);
    const cursor = cursorOf(request, query);
    const run = await open(runId, { cursor });
    if (hasAll(run, cursor)) {
      // Nothing more will come: EventSource takes 204 as the wish not to come back.
      response.writeHead(204, { 'Cache-Control': 'no-store' }).end();
      return;
    }
    const opened = openStream(response, runFrames);
    opened?.add(run.subscribe(opened, cursor));
  }

  async function streamMany({ request, response, query }: RequestContext) {
    const runIds = [...new Set(query.getAll('run').map(parsedRunId))];
    if (runIds.length === 0) throw new HttpProblem(400, 'no-run', 'Name at least one run: ?run=A&run=B.');
    if ((request.url?.length ?? 0) > MAX_URL_BYTES)
      throw new HttpProblem(
        414,
        'url-too-long',
        `Up to ${MAX_URL_BYTES} bytes: open another stream for the rest.`,
      );
    if (request.method === 'HEAD') return sendHead(response);
    const runs = await Promise.all(runIds.map((runId) => open(runId)));
    const opened = openStream(response, runsFrames);
    if (opened) for (const run of runs) opened.add(run.subscribe(opened, null));
  }

  async function poll({ request, response, params }: RequestContext) {
    const run = await open(parsedRunId(params.get('run_id')), { confirmUnknown: true });
    if (run.history.lastId === 0) {
      if (!run.isSynced) throw storeUnavailable();
      throw new HttpProblem(404, 'unknown-run', 'No event of this run is known (yet, or any more).');
    }
    answerPoll(request, response, run);
  }

  async function publish({ request, response, params }: RequestContext) {
    access.checkOrigin(request);
    if (isProduction)
      throw new HttpProblem(
        403,
        'publishing-disabled',
        'Publishing over HTTP is off in production, as anybody could. Publish through Redis.',
      );
    const runId = parsedRunId(params.get('run_id'));
    const text = await readBody(request, MAX_BODY_BYTES);
    const { status, headers, body } = await publisher.publish(
      runId,
      text,
      headerOf(request, 'idempotency-key'),
    );
    response.writeHead(status, { ...headers, 'Content-Type': 'application/json; charset=utf-8' }).end(body);
  }

  function live({ response }: RequestContext) {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end('ok\n');
  }

  async function ready({ response }: RequestContext) {
    const { ready: isReady, reason } = isClosing()
      ? { ready: false, reason: 'shutting down' }
      : await store.status();
    if (!isReady)
      throw new HttpProblem(503, 'not-ready', reason ?? 'unknown', { headers: { 'Retry-After': '2' } });
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' }).end('ready\n');
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
    access.checkOrigin(request);
    const { segments, query } = parseTarget(request.url ?? '/');
    const params = matchPath(WEBSOCKET_PATH, segments);
    if (!params) throw new HttpProblem(404, 'not-found', `A WebSocket is at ${WEBSOCKET_PATH}.`);
    if (isClosing()) throw storeUnavailable();
    const cursor = cursorOf(request, query);
    const run = await open(parsedRunId(params.get('run_id')), { cursor });
    limit.check();
    webSockets.accept(request, socket, head, run, cursor);
  }

  return {
    upgrade,
    routes: [
      { path: '/api/events', methods: { GET: streamMany } },
      { path: '/api/runs/:run_id/events', methods: { GET: stream, POST: publish } },
      { path: '/api/runs/:run_id', methods: { GET: poll } },
      { path: WEBSOCKET_PATH, methods: { GET: webSocketOnly } },
      { path: '/healthz', methods: { GET: live } },
      { path: '/readyz', methods: { GET: ready } },
    ],
  };
}

function webSocketOnly() {
  throw new HttpProblem(426, 'upgrade-required', 'Here is a WebSocket, and nothing else.', {
    headers: { Upgrade: 'websocket', Connection: 'close, Upgrade' },
  });
}

function sendHead(response: ServerResponse) {
  response.writeHead(200, SSE_HEADERS).end();
}

/** It has the newest event of a run that is done. */
function hasAll(run: Run, cursor: number | null): boolean {
  return run.history.last?.done === true && cursor === run.history.lastId;
}

function parsedRunId(text: string | undefined): string {
  const parsed = parseRunId(text);
  if ('runId' in parsed) return parsed.runId;
  throw new HttpProblem(400, 'bad-run-id', `The run id ${parsed.problem}.`);
}

function cursorOf(request: IncomingMessage, query: URLSearchParams): number | null {
  return parseCursor(
    headerOf(request, 'last-event-id') || query.get('last_event_id') || query.get('lastEventId'),
  );
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const header = request.headers[name];
  return Array.isArray(header) ? header.join() : header;
}

function storeUnavailable(): HttpProblem {
  return new HttpProblem(503, 'store-unavailable', 'The store can not be read at the moment.', {
    headers: { 'Retry-After': '2' },
  });
}
