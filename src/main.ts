// Starts the service and ends it: the only file that touches `process`.
import { pino } from 'pino';
import { type Config, ConfigError, parseConfig } from './config.ts';
import { createLogLines } from './log-lines.ts';
import { createService, createWhole } from './service.ts';

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
const service = createService(config, createWhole(config), log);
const { server } = service;

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
  if (config.isProduction && !config.redisUrl && config.secrets.length === 0)
    log.warn('nobody can publish: set REDIS_URL, or PROGRESS_SECRET for publishing over HTTP with tokens');
  log.info(`listening on ${url} (${config.host}), ${kept}; try: curl -N ${url}/api/runs/demo/events`);
});

function urlHost(host: string): string {
  if (['0.0.0.0', '127.0.0.1', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;
let closingSince: number | null = null;

async function close(signal: string) {
  if (closingSince !== null) {
    if (performance.now() - closingSince < SAME_SIGNAL_MS) return;
    log.warn({ signal }, 'ended at once, by a second signal');
    process.exit(1);
  }
  closingSince = performance.now();
  log.info({ signal }, 'closing');
  await service.close();
  process.exit(0);
}

// A terminal that is closed hangs up, and some platforms quit.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)
  process.on(signal, () => void close(signal));
