// What the service answers: the routes, from the request to the run and the way of delivery.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { answerPoll } from '../delivery/poll.ts';
import type { SseStreams } from '../delivery/sse-streams.ts';
import type { WebSockets } from '../delivery/websocket.ts';
import { MAX_BODY_BYTES } from '../publish/http-body.ts';
import type { Hub } from '../runs/hub.ts';
import type { Store } from '../runs/store.ts';
import type { Access } from './access.ts';
import type { ConnectionLimit } from './connection-limit.ts';
import { HttpProblem } from './problem.ts';
import type { PublishEndpoint } from './publish-endpoint.ts';
import { readBody } from './request-body.ts';
import { matchPath, parseTarget, type RequestContext, type Route } from './router.ts';
import { cursorOf, headerOf, openRun, runIdOf } from './run-request.ts';
import { createStreamEndpoint } from './stream-endpoint.ts';

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

const WEBSOCKET_PATH = '/ws/:run_id';

export interface Service {
  routes: readonly Route[];
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

export function createService(options: ServiceOptions): Service {
  const { hub, store, access, webSockets, publisher, limit, isProduction, isClosing } = options;

  const streams = createStreamEndpoint(options);

  async function poll({ request, response, params }: RequestContext) {
    const run = await openRun(hub, runIdOf(params.get('run_id')), { confirmUnknown: true });
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
    const runId = runIdOf(params.get('run_id'));
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
    const run = await openRun(hub, runIdOf(params.get('run_id')), { cursor });
    limit.check();
    webSockets.accept(request, socket, head, run, cursor);
  }

  return {
    upgrade,
    routes: [
      { path: '/api/events', stream: streams.many.stream, methods: { HEAD: streams.many.head } },
      {
        path: '/api/runs/:run_id/events',
        stream: streams.one.stream,
        methods: { HEAD: streams.one.head, POST: publish },
      },
      { path: '/api/runs/:run_id', methods: { GET: poll } },
      { path: WEBSOCKET_PATH, methods: { GET: webSocketOnly } },
      { path: '/healthz', methods: { GET: live } },
      { path: '/readyz', methods: { GET: ready } },
    ],
  };
}

function webSocketOnly() {
  throw new HttpProblem(426, 'upgrade-required', 'Here is a WebSocket: open it with ws:// or wss://.', {
    headers: { Upgrade: 'websocket', Connection: 'close, Upgrade' },
  });
}

function storeUnavailable(): HttpProblem {
  return new HttpProblem(503, 'store-unavailable', 'The store can not be read at the moment.', {
    headers: { 'Retry-After': '2' },
  });
}
