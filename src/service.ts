// Wires the service of one process together: the store, the hub, and what is answered over HTTP.
import type { Server } from 'node:http';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Config } from './config.ts';
import { createOpenStreams, MAX_STALLED_BEATS } from './delivery/open-streams.ts';
import { createWebSockets } from './delivery/websocket.ts';
import { createAccess } from './http/access.ts';
import { belowBasePath } from './http/base-path.ts';
import { createAddressOf } from './http/client-address.ts';
import { createPlaces, type Places } from './http/connection-limits.ts';
import { createConnections } from './http/connections.ts';
import { createExpiries } from './http/expiries.ts';
import { createMetrics } from './http/metrics.ts';
import { freeFiles, roomIn, withinRoom } from './http/open-files.ts';
import { createProblemCounts } from './http/problem.ts';
import { createPublishCounts } from './http/publish-endpoint.ts';
import { createRateLimit, type Rate } from './http/rate-limit.ts';
import { createRoutes } from './http/routes.ts';
import { createHttpServer } from './http/server.ts';
import { shutDown } from './http/shutdown.ts';
import { createCutCounts } from './http/spare-connections.ts';
import { staticRoutes } from './http/static-files.ts';
import { createGate } from './http/token-gate.ts';
import { createTokens } from './http/tokens.ts';
import { createHub } from './runs/hub.ts';
import { createEventLatency, createLatency } from './runs/latency.ts';
import { createMemoryStore } from './stores/memory.ts';
import { createRedisStore } from './stores/redis.ts';
import { reasonOf } from './stores/redis-client.ts';
import { createReminder } from './stores/reminder.ts';

/** What is counted for all processes together, where there are several. */
export interface Whole {
  /** The process that tells the operator what holds for all of them. */
  isFirst: boolean;
  places: Places;
  rate: Rate;
  /** `own`: the metrics of this process. */
  metricsText(own: Registry): Promise<string>;
}

export interface Service {
  readonly server: Server;
  /** Of this process. */
  readonly metrics: Registry;
  /** In order: see http/shutdown.ts. */
  close(): Promise<void>;
}

/** Beside the bundle, dist/, and within it. */
const FOLDERS = {
  plain: new URL('../public/', import.meta.url),
  compressed: new URL('./public/', import.meta.url),
};
const FILES = {
  '/': 'index.html',
  '/asyncapi.json': 'asyncapi.json',
  '/by-id.js': 'by-id.js',
  '/demo.js': 'demo.js',
  '/demo-view.js': 'demo-view.js',
  '/icon.svg': 'icon.svg',
  '/openapi.json': 'openapi.json',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
  '/page-example.js': 'page-example.js',
  '/page-states.js': 'page-states.js',
  '/page-wall.js': 'page-wall.js',
  '/pipeline.json': 'pipeline.json',
  '/problem.js': 'problem.js',
  '/run-progress.js': 'run-progress.js',
  '/words.js': 'words.js',
};

/** Longer than any answer takes to be made: Redis may take seconds. */
const MIN_STALL_MS = 15_000;

/** Of a process that is alone. */
export function createWhole(config: Config): Whole {
  return {
    isFirst: true,
    places: createPlaces(config),
    rate: createRateLimit(config.publishRate),
    metricsText: (own) => own.metrics(),
  };
}

/** Why nobody can publish to such a service; null: somebody can. */
export function publishingProblem({ isProduction, redisUrl, secrets }: Config): string | null {
  if (!isProduction || redisUrl !== null || secrets.length > 0) return null;
  return 'nobody can publish: set REDIS_URL, or PROGRESS_SECRET for publishing over HTTP with tokens';
}

/** It doesn't listen yet. */
export function createService(config: Config, whole: Whole, log: Logger): Service {
  const store = config.redisUrl
    ? createRedisStore({
        ...config,
        url: config.redisUrl,
        cluster: config.redisCluster,
        tlsInsecure: config.redisTlsInsecure,
        warnsAtStart: whole.isFirst,
        log,
      })
    : createMemoryStore(config);
  const writeLatency = createEventLatency(store.now);
  const hub = createHub({
    store,
    historyLimit: config.historyLimit,
    onError: createUnreadWarning(log),
    onWritten: writeLatency.note,
  });
  const delivery = { heartbeatMs: config.heartbeatMs, now: store.now };
  const streams = createOpenStreams(delivery);
  const webSockets = createWebSockets(delivery);
  const tokens = config.secrets.length > 0 ? createTokens(config.secrets) : null;
  const room = roomIn(freeFiles(), config.maxConnections);
  const places = room.readers < config.maxConnections ? withinRoom(whole.places, room) : whole.places;
  const connections = createConnections(places, createExpiries(), log);
  const counted = {
    published: createPublishCounts(),
    publishLatency: createLatency(),
    problems: createProblemCounts(),
    cuts: createCutCounts(),
  };
  const metrics = createMetrics({
    store,
    hub,
    connections,
    writeLatency: writeLatency.totals,
    ...counted,
    spareCount: () => server.spareCount(),
  });
  let isClosing = false;
  const routes = createRoutes({
    hub,
    store,
    streams,
    webSockets,
    connections,
    rate: whole.rate,
    addressOf: createAddressOf(config.trustedProxies),
    ...counted,
    metricsText: () => whole.metricsText(metrics),
    publishingProblem: publishingProblem(config),
    isClosing: () => isClosing,
  });
  const access = createAccess(config);
  const server = createHttpServer({
    routes: belowBasePath(config.basePath, [...routes, ...staticRoutes(FOLDERS, FILES)]),
    basePath: config.basePath,
    access,
    gate: createGate({ access, tokens, isProduction: config.isProduction }),
    stallMs: Math.max(MAX_STALLED_BEATS * config.heartbeatMs, MIN_STALL_MS),
    maxSpare: room.spare,
    counted,
    log,
  });
  return {
    server,
    metrics,
    close: async () => {
      isClosing = true;
      await shutDown({
        server,
        drainMs: config.drainMs,
        closeReaders: () => {
          streams.close();
          webSockets.close();
        },
        closeStore: () => store.close(),
        deadlineMs: config.shutdownMs,
      });
      const lost = store.waiting();
      if (lost > 0)
        log.warn({ count: lost }, 'raw messages are lost: Redis did not take them before the end');
    },
  };
}

/** Thousands of runs may fail for one reason. */
function createUnreadWarning(log: Logger) {
  const reminder = createReminder();
  return (error: unknown, runId: string) => {
    const reason = reasonOf(error);
    log[reminder.isDue(reason) ? 'warn' : 'debug']({ runId, reason }, 'a run could not be read; trying on');
  };
}
