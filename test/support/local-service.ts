// The service within the test's own process, on a port of its own: for heartbeats of milliseconds, and for a look at the
// server's side of a connection.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createOpenStreams, MAX_STALLED_BEATS } from '../../src/delivery/open-streams.ts';
import { createWebSockets } from '../../src/delivery/websocket.ts';
import { createAccess } from '../../src/http/access.ts';
import { createAddressOf } from '../../src/http/client-address.ts';
import { createPlaces } from '../../src/http/connection-limits.ts';
import { createConnections } from '../../src/http/connections.ts';
import { createExpiries } from '../../src/http/expiries.ts';
import { createProblemCounts } from '../../src/http/problem.ts';
import { createPublishCounts } from '../../src/http/publish-endpoint.ts';
import { createRateLimit } from '../../src/http/rate-limit.ts';
import type { Route } from '../../src/http/route.ts';
import { createRoutes } from '../../src/http/routes.ts';
import { createHttpServer } from '../../src/http/server.ts';
import { type Cut, createCutCounts } from '../../src/http/spare-connections.ts';
import { createGate } from '../../src/http/token-gate.ts';
import { createHub } from '../../src/runs/hub.ts';
import { createLatency } from '../../src/runs/latency.ts';
import { createHeldStore, HELD_STORE_OPTIONS, type HeldStore } from './held-store.ts';
import { createKeptLog } from './kept-log.ts';

export interface LocalService {
  readonly port: number;
  readonly url: string;
  readonly store: HeldStore;
  readonly server: Server;
  readonly routes: readonly Route[];
  /** Streams and WebSockets that count as open. */
  openCount(): number;
  readonly cuts: ReadonlyMap<Cut, number>;
  /** The server's end of every connection that is open. */
  readonly sockets: ReadonlySet<Socket>;
  /** What a shutdown tells the readers. */
  closeReaders(): void;
  stop(): Promise<void>;
}

export interface LocalServiceOptions {
  heartbeatMs?: number;
  historyLimit?: number;
  maxConnections?: number;
  maxOpenRuns?: number;
  maxSpare?: number;
  patienceMs?: number;
}

export async function startLocalService(options: LocalServiceOptions = {}): Promise<LocalService> {
  const {
    heartbeatMs = 15_000,
    maxConnections = 100,
    maxSpare = 1000,
    patienceMs = 60_000,
    ...rest
  } = options;
  const { historyLimit = HELD_STORE_OPTIONS.historyLimit, maxOpenRuns = 1000 } = rest;
  const store = createHeldStore({ ...HELD_STORE_OPTIONS, historyLimit });
  const hub = createHub({ store, historyLimit, maxOpenRuns, onError: () => {} });
  const log = createKeptLog();
  const delivery = { heartbeatMs, now: () => store.now() };
  const streams = createOpenStreams(delivery);
  const webSockets = createWebSockets(delivery);
  const limits = {
    maxConnections,
    maxConnectionsPerRun: Number.POSITIVE_INFINITY,
    maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
  };
  const expiries = createExpiries();
  const cuts = createCutCounts();
  const connections = createConnections(createPlaces(limits), expiries, log);
  const routes = createRoutes({
    hub,
    store,
    streams,
    webSockets,
    connections,
    rate: createRateLimit(Number.POSITIVE_INFINITY),
    addressOf: createAddressOf(0),
    published: createPublishCounts(),
    publishLatency: createLatency(),
    metricsText: async () => '',
    publishingProblem: null,
    isClosing: () => false,
  });
  const access = createAccess({ allowedHosts: [], allowedOrigins: [] });
  const server = createHttpServer({
    routes,
    access,
    gate: createGate({ access, tokens: null, isProduction: false }),
    stallMs: MAX_STALLED_BEATS * heartbeatMs,
    maxSpare,
    patienceMs,
    counted: { problems: createProblemCounts(), cuts },
    log,
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const closeReaders = () => {
    streams.close();
    webSockets.close();
  };
  return {
    port: address.port,
    url: `http://127.0.0.1:${address.port}`,
    store,
    server,
    routes,
    openCount: () => [...connections.counts().values()].reduce((sum, count) => sum + count, 0),
    cuts,
    sockets,
    closeReaders,
    stop: async () => {
      hub.close();
      expiries.close();
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await store.close();
    },
  };
}
