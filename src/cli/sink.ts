// Where the updates of `publish`, `exec` and `demo` go: to Redis where REDIS_URL is set, else to a service by HTTP.
import { ConfigError, parseConfig } from '../config.ts';
import type { Update } from '../runs/update.ts';
import { parseRedisUrl, shownAddress } from '../stores/redis-url.ts';
import { type Environment, UsageError } from './command.ts';
import { serviceAddress } from './options.ts';

export interface Sink {
  /** Takes a valid update, at once. They are recorded in order, each once, as soon as the other side takes them. */
  publish(update: Update): void;
  /** Whether all of them have been recorded, at the latest after `timeoutMs`. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Ends the connection; what still waits is lost. */
  close(): Promise<void>;
  /** For people, without passwords. */
  readonly target: string;
  /** What to do where not everything was recorded; '' where a warning has said it. */
  readonly advice: string;
}

/** What a command says at its end, where `flush` was in vain. */
export function unrecorded({ target, advice }: Sink): string {
  return [`not everything is recorded at ${target}`, advice].filter(Boolean).join('\n');
}

export interface SinkOptions {
  runId: string;
  values: { url?: string | undefined; token?: string | undefined };
  env: Environment;
  /** Told in a sentence what goes wrong, once until it is well again. */
  onWarning(warning: string): void;
}

export const SINK_USAGE = `It goes to Redis where REDIS_URL is set (and KEY_PREFIX, TERMINAL_STATES and so on as for
the service), else to the service by HTTP:

  --url URL      the service, also where REDIS_URL is set
                 (default: $RUN_PROGRESS_URL, else http://localhost:8000)
  --token TOKEN  where the service asks for one (default: $RUN_PROGRESS_TOKEN)`;

/** What the publisher to Redis shares with the service. */
const VARIABLES = [
  'REDIS_URL',
  'REDIS_CLUSTER',
  'REDIS_TLS_INSECURE',
  'KEY_PREFIX',
  'TERMINAL_STATES',
  'HISTORY_LIMIT',
  'RUN_TTL_SECONDS',
  'FINISHED_TTL_SECONDS',
];

/** Throws UsageError for a setting that can't be used. */
export async function createSink({ runId, values, env, onWarning }: SinkOptions): Promise<Sink> {
  const config = redisConfig(env);
  if (values.url !== undefined || config.redisUrl === null) {
    const { createHttpSink } = await import('./http-sink.ts');
    const { terminalStates } = config;
    return createHttpSink({ ...serviceAddress(values, env), runId, terminalStates, onWarning });
  }
  const { createPublisher } = await import('../publish/publisher.ts');
  let isClosed = false;
  const publisher = createPublisher({
    redisUrl: config.redisUrl,
    redisCluster: config.redisCluster,
    tlsInsecure: config.redisTlsInsecure,
    keyPrefix: config.keyPrefix,
    terminalStates: config.terminalStates,
    historyLimit: config.historyLimit,
    runTtlSeconds: config.runTtlMs / 1000,
    finishedTtlSeconds: config.finishedTtlMs / 1000,
    // What is lost at the end of the process has been told by then.
    onWarning: (warning) => {
      if (!isClosed) onWarning(warning);
    },
  });
  return {
    publish: (update) => publisher.publish(runId, update),
    flush: publisher.flush,
    close: () => {
      isClosed = true;
      return publisher.close();
    },
    target: `Redis at ${shownAddress(parseRedisUrl(config.redisUrl))}`,
    advice: 'Is Redis running there, and REDIS_URL right?',
  };
}

function redisConfig(env: Environment) {
  try {
    return parseConfig(Object.fromEntries(VARIABLES.map((name) => [name, env[name]])));
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}
