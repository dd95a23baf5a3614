// Wires the service together and runs it: the only file that touches `process`.
import { pino } from 'pino';
import { type Config, ConfigError, parseConfig } from './config.ts';
import { createOpenStreams, MAX_STALLED_BEATS } from './delivery/open-streams.ts';
import { createWebSockets } from './delivery/websocket.ts';
import { createAccess } from './http/access.ts';
import { belowBasePath } from './http/base-path.ts';
import { createAddressOf } from './http/client-address.ts';
import { createConnections } from './http/connections.ts';
import { createExpiries } from './http/expiries.ts';
import { createGate } from './http/gate.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createRoutes } from './http/routes.ts';
import { createHttpServer } from './http/server.ts';
import { shutDown } from './http/shutdown.ts';
import { staticRoutes } from './http/static-files.ts';
import { createTokens } from './http/tokens.ts';
import { createLogLines } from './log-lines.ts';
import { createHub } from './runs/hub.ts';
import { createMemoryStore } from './stores/memory.ts';
import { createRedisStore } from './stores/redis.ts';
import { reasonOf } from './stores/redis-client.ts';

const PUBLIC = new URL('../public/', import.meta.url);
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

function readConfig(): Config {
  try {
    return parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`run-progress: ${error.message}\n`);
    process.exit(1);
  }
}

const config = readConfig();
const options = { level: config.logLevel, base: null };
const log = process.stdout.isTTY
  ? pino(
      options,
      createLogLines((line) => process.stdout.write(line)),
    )
  : pino(options);

const store = config.redisUrl
  ? createRedisStore({ ...config, url: config.redisUrl, tlsInsecure: config.redisTlsInsecure, log })
  : createMemoryStore(config);
let unreadReason = '';
/** Thousands of runs may fail for one reason: it is said once. */
function warnOfUnread(reason: string, runId: string) {
  const level = reason === unreadReason ? 'debug' : 'warn';
  unreadReason = reason;
  log[level]({ runId, reason }, 'a run could not be read; trying on');
}

const hub = createHub({
  store,
  historyLimit: config.historyLimit,
  onError: (error, runId) => warnOfUnread(reasonOf(error), runId),
});
const delivery = { heartbeatMs: config.heartbeatMs, now: store.now };
const streams = createOpenStreams(delivery);
const webSockets = createWebSockets(delivery);
const tokens = config.secrets.length > 0 ? createTokens(config.secrets) : null;
let isClosing = false;
const routes = createRoutes({
  hub,
  store,
  streams,
  webSockets,
  connections: createConnections(config, createExpiries(), log),
  rate: createRateLimit(config.publishRate),
  addressOf: createAddressOf(config.trustedProxies),
  isClosing: () => isClosing,
});
const server = createHttpServer({
  routes: belowBasePath(config.basePath, [...routes, ...staticRoutes(PUBLIC, FILES)]),
  basePath: config.basePath,
  access: createAccess(config),
  gate: createGate({ tokens, isProduction: config.isProduction }),
  stallMs: Math.max(MAX_STALLED_BEATS * config.heartbeatMs, MIN_STALL_MS),
  log,
});

server.on('error', (error: NodeJS.ErrnoException) => {
  const reason = error.code === 'EADDRINUSE' ? 'the port is in use; PORT names another one' : error.message;
  log.fatal(`can not listen on ${config.host}:${config.port}: ${reason}`);
  process.exit(1);
});
server.listen(config.port, config.host, 4096, () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : config.port;
  const url = `http://${urlHost(config.host)}:${port}${config.basePath}`;
  const kept = config.redisUrl ? 'runs are kept in Redis' : 'runs are kept in memory, for this process alone';
  if (config.isProduction && !config.redisUrl && !tokens)
    log.warn('nobody can publish: set REDIS_URL, or PROGRESS_SECRET for publishing over HTTP with tokens');
  log.info(`listening on ${url} (${config.host}), ${kept}; try: curl -N ${url}/api/runs/demo/events`);
});

function urlHost(host: string): string {
  if (['0.0.0.0', '127.0.0.1', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;
let closingSince = 0;

async function close(signal: string) {
  if (isClosing) {
    if (performance.now() - closingSince < SAME_SIGNAL_MS) return;
    log.warn({ signal }, 'ended at once, by a second signal');
    process.exit(1);
  }
  isClosing = true;
  closingSince = performance.now();
  log.info({ signal }, 'closing');
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
  process.exit(0);
}

// A terminal that is closed hangs up, and some platforms quit.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)
  process.on(signal, () => void close(signal));
