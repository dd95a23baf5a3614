// Starts the service, in one process or in several, and ends it: the only file that touches `process`.
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import { type Logger, pino } from 'pino';
import { type Config, ConfigError, parseConfig } from './config.ts';
import { createOnceASecond } from './http/once-a-second.ts';
import { freeFiles, roomWarning } from './http/open-files.ts';
import { createLogLines } from './log-lines.ts';
import { createMembers } from './processes/members.ts';
import { startPrimary } from './processes/primary.ts';
import { createWorkerWhole } from './processes/worker.ts';
import { createService, createWhole, publishingProblem } from './service.ts';

/** Set for the processes that this one starts. A worker of somebody else's cluster (pm2's, say) serves for itself. */
const WORKER_VARIABLE = 'RUN_PROGRESS_WORKER';
/** One Ctrl-C under npm arrives twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_MS = 500;
/** What a process may be late by, as it is one of several. */
const CLOSE_GRACE_MS = 500;

/** What runs here. */
interface Running {
  close(signal: NodeJS.Signals): Promise<void>;
  /** Without order: by a second signal. */
  kill(): void;
}

function readConfig(): Config {
  try {
    return parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`run-progress: ${error.message}\n`);
    process.exit(1);
  }
}

function createLog(): Logger {
  const options = { level: config.logLevel, base: worker && { worker: worker.id } };
  if (!process.stdout.isTTY) return pino(options);
  return pino(
    options,
    createLogLines((line) => process.stdout.write(line)),
  );
}

const config = readConfig();
const worker = (process.env[WORKER_VARIABLE] && cluster.worker) || null;
const log = createLog();
const processes = processCount();
const running = processes > 1 ? startProcesses() : startService();

function processCount(): number {
  if (!cluster.isPrimary || config.processes === 1) return 1;
  if (config.redisUrl) return config.processes;
  // Platforms set the variable by themselves (Heroku by a dyno's memory): a first deploy without Redis must not fail by it.
  log.warn(
    `WEB_CONCURRENCY is ${config.processes}, but without REDIS_URL runs are kept in one process: one is started`,
  );
  return 1;
}

function startProcesses(): Running {
  const cores = availableParallelism();
  if (config.processes > cores)
    log.warn(
      `WEB_CONCURRENCY is ${config.processes}, with ${cores} cores: the others cost memory and work of Redis, and gain nothing`,
    );
  return startPrimary({
    processes: config.processes,
    members: createMembers(config),
    workerEnv: { [WORKER_VARIABLE]: '1' },
    closeMs: config.drainMs + config.shutdownMs + CLOSE_GRACE_MS,
    onServing: sayListening,
    // It has said why.
    onFailedStart: () => process.exit(1),
    log,
  });
}

function startService(): Running {
  const whole = worker ? createWorkerWhole(worker, config, () => service.metrics) : createWhole(config);
  const service = createService(config, whole, log);
  const { server } = service;
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'accept') return warnOfAccept(error);
    const reason = error.code === 'EADDRINUSE' ? 'the port is in use; PORT names another one' : error.message;
    log.fatal(`can not listen on ${config.host}:${config.port}: ${reason}`);
    process.exit(1);
  });
  server.listen(config.port, config.host, 4096, () => {
    const address = server.address();
    // Of several the first one says it, for all.
    if (!worker) sayListening(typeof address === 'object' && address ? address.port : config.port);
  });
  return { close: service.close, kill: () => {} };
}

const onceASecond = createOnceASecond();

/** Something else has opened the last file that the process may: it comes back by itself. */
function warnOfAccept(error: NodeJS.ErrnoException) {
  onceASecond(() => log.warn({ reason: error.code }, 'a connection could not be accepted; trying on'));
}

function sayListening(port: number) {
  const url = `http://${urlHost(config.host)}:${port}${config.basePath}`;
  const kept = config.redisUrl ? 'runs are kept in Redis' : 'runs are kept in memory, for this process alone';
  const warnings = [publishingProblem(config), roomWarning(freeFiles(), config.maxConnections, processes)];
  for (const warning of warnings) if (warning) log.warn(warning);
  log.info(`listening on ${url} (${config.host}), ${kept}; try: curl -N ${url}/api/runs/demo/events`);
}

function urlHost(host: string): string {
  if (['0.0.0.0', '127.0.0.1', '::', '::1'].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

let closingSince: number | null = null;

async function close(signal: NodeJS.Signals) {
  if (closingSince !== null) {
    // A worker gets the signal from its primary, and perhaps from the platform as well. What a second one means, the
    // primary decides.
    if (worker || performance.now() - closingSince < SAME_SIGNAL_MS) return;
    log.warn({ signal }, 'ended at once, by a second signal');
    running.kill();
    process.exit(1);
  }
  closingSince = performance.now();
  log[worker ? 'debug' : 'info']({ signal }, 'closing');
  await running.close(signal);
  process.exit(0);
}

// A terminal that is closed hangs up, and some platforms quit.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)
  process.on(signal, () => void close(signal));
