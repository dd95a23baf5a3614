// What the service answers: the routes, from the request to the run and the way of delivery.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerPoll } from '../delivery/poll.ts';
import type { Sse } from '../delivery/sse.ts';
import type { WebSockets } from '../delivery/websocket.ts';
import { MAX_BODY_BYTES } from '../publish/http-body.ts';
import { parseCursor } from '../runs/cursor.ts';
import type { Hub } from '../runs/hub.ts';
import type { Run } from '../runs/run.ts';
import { parseRunId } from '../runs/run-id.ts';
import type { Store } from '../runs/store.ts';
import { checkHost, checkOrigin } from './access.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { HttpProblem } from './problem.ts';
import type { PublishEndpoint } from './publish-endpoint.ts';
import { readBody } from './request-body.ts';
import { matchPath, parseTarget, type RequestContext, type Route } from './router.ts';

export interface ServiceOptions {
  hub: Hub;
  store: Store;
  sse: Sse;
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

export interface Service {
  routes: readonly Route[];
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

export function createService(options: ServiceOptions): Service {
  const { hub, store, sse, webSockets, publisher, limit, isProduction, isClosing } = options;

  function checkAccess(request: IncomingMessage) {
    if (!isProduction) checkHost(request);
  }

  async function stream({ request, response, params, query }: RequestContext) {
    checkAccess(request);
    const runId = runIdOf(params);
    const cursor = cursorOf(request, query);
    const run = await hub.open(runId, { cursor, patienceMs: PATIENCE_MS });
    if (response.destroyed) return;
    // Nothing more will come: EventSource takes 204 as the wish not to come back.
    if (hasAll(run, cursor)) response.writeHead(204, { 'Cache-Control': 'no-store' }).end();
    else {
      limit.check();
      sse.stream(request, response, run, cursor);
    }
  }

  async function poll({ request, response, params }: RequestContext) {
    checkAccess(request);
    const run = await hub.open(runIdOf(params), { patienceMs: PATIENCE_MS });
    if (run.history.lastId === 0) {
      if (!run.isSynced) throw storeUnavailable();
      throw new HttpProblem(404, 'unknown-run', 'No event of this run is known (yet, or any more).');
    }
    answerPoll(request, response, run);
  }

  async function publish({ request, response, params }: RequestContext) {
    checkAccess(request);
    checkOrigin(request);
    if (isProduction)
      throw new HttpProblem(
        403,
        'publishing-disabled',
        'Publishing over HTTP is off in production, as anybody could. Publish through Redis.',
      );
    const runId = runIdOf(params);
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
    checkAccess(request);
    checkOrigin(request);
    const { segments, query } = parseTarget(request.url ?? '/');
    const params = matchPath(WEBSOCKET_PATH, segments);
    if (!params) throw new HttpProblem(404, 'not-found', `A WebSocket is at ${WEBSOCKET_PATH}.`);
    if (isClosing()) throw storeUnavailable();
    const cursor = cursorOf(request, query);
    const run = await hub.open(runIdOf(params), { cursor, patienceMs: PATIENCE_MS });
    limit.check();
    webSockets.accept(request, socket, head, run, cursor);
  }

  return {
    upgrade,
    routes: [
      { path: '/api/runs/:run_id/events', methods: { GET: stream, POST: publish } },
      { path: '/api/runs/:run_id', methods: { GET: poll } },
      { path: '/healthz', methods: { GET: live } },
      { path: '/readyz', methods: { GET: ready } },
    ],
  };
}

/** It has the newest event of a run that is done. */
function hasAll(run: Run, cursor: number | null): boolean {
  return run.history.last?.done === true && cursor === run.history.lastId;
}

function runIdOf(params: ReadonlyMap<string, string>): string {
  const parsed = parseRunId(params.get('run_id'));
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
