// A connection to one Redis server that fails fast, notices a dead peer, and never resends by itself.
import { Redis, type RedisOptions } from 'ioredis';
import type { Host } from './redis-url.ts';

/** What pino's logger is, and what somebody without one can offer. */
export interface ConnectionLog {
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
}

export interface RedisClientOptions {
  /** Where the server is: a host, or the path of its Unix socket. */
  at: Host | string;
  username: string;
  password: string;
  database: number;
  isTls: boolean;
  /** Accept any certificate (Heroku's is self-signed). */
  isTlsInsecure: boolean;
  family: number;
  /** Shown by CLIENT LIST. */
  name: string;
  /** A connection that leaves a command unanswered for so long is given up, and made anew. */
  answerTimeoutMs: number;
  log: ConnectionLog;
}

const MAX_RETRY_MS = 2000;

export function createRedisClient(options: RedisClientOptions): Redis {
  const { at, name, isTls, isTlsInsecure, log } = options;
  const client = new Redis({
    ...(typeof at === 'string' ? { path: at } : at),
    username: options.username,
    password: options.password,
    db: options.database,
    family: options.family,
    ...(isTls && { tls: isTlsInsecure ? { rejectUnauthorized: false } : {} }),
    connectionName: name,
    connectTimeout: 5000,
    socketTimeout: options.answerTimeoutMs,
    retryStrategy: (times: number) =>
      Math.min(50 * 2 ** Math.min(times, 10), MAX_RETRY_MS) * (0.5 + Math.random() / 2),
    // A command on a lost connection is rejected at once: what to do about it depends on the command.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // A rejected automatic resubscription would be an unhandled rejection (redis/ioredis#2187).
    autoResubscribe: false,
    // For a user without INFO it would write plain text between the log's JSON. A Redis that still loads refuses commands,
    // which are repeated.
    enableReadyCheck: false,
  } satisfies RedisOptions);
  let reported = '';
  client.on('error', (error: Error) => {
    // Never the error itself: it carries its command's arguments, the password of AUTH among them.
    const reason = withCure(reasonOf(error));
    if (reason !== reported) log.warn({ connection: name, reason }, 'Redis connection failed; trying on');
    reported = reason;
  });
  client.on('ready', () => {
    if (reported) log.info({ connection: name }, 'Redis connection is back');
    reported = '';
  });
  return client;
}

function withCure(reason: string): string {
  if (!/self[- ]signed certificate/.test(reason)) return reason;
  return `${reason}; REDIS_TLS_INSECURE=1 accepts it`;
}

/** An error's message for a log or a person, without a command's arguments. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
