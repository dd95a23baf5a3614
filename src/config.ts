// The environment, read once into a frozen Config. An invalid value stops the start and names the variable.

import { MIN_SECRET_BYTES } from './http/token-rules.ts';
import {
  DEFAULT_RAW_CHANNEL,
  type GivenSettings,
  isOwnChannel,
  nameProblem,
  parseSettings,
  type Settings,
} from './runs/settings.ts';
import { kindOf, parseRedisUrl } from './stores/redis-url.ts';

export interface Config extends Settings {
  host: string;
  port: number;
  /** '/progress': everything is below it. '' is the root. */
  basePath: string;
  isProduction: boolean;
  /** How many processes serve together. More than one need Redis. */
  processes: number;
  /** Null: in memory. */
  redisUrl: string | null;
  /** Whether it is a cluster. Null: the Redis is asked. */
  redisCluster: boolean | null;
  redisTlsInsecure: boolean;
  rawChannel: string;
  maxConnections: number;
  /** Infinity: unlimited. */
  maxConnectionsPerRun: number;
  maxConnectionsPerAddress: number;
  /** Hops of X-Forwarded-For to believe. */
  trustedProxies: number;
  /** Updates a second over HTTP, of each token's `sub` or client address. Infinity: unlimited. */
  publishRate: number;
  /** Keys of tokens; empty: no tokens, everybody may read. */
  secrets: readonly string[];
  heartbeatMs: number;
  /** Between the signal to end and the end of the first stream. */
  drainMs: number;
  shutdownMs: number;
  /** Besides names that mean this machine. '*': any. */
  allowedHosts: readonly string[] | '*';
  /** Besides the service's own. '*': all. */
  allowedOrigins: readonly string[] | '*';
  logLevel: string;
}

/** A value of the environment that can't be used. */
export class ConfigError extends Error {
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
    this.name = 'ConfigError';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const MAX_PORT = 65_535;
const MOST_CONNECTIONS = 1_000_000;
const MOST_PROCESSES = 256;
/** The element takes a connection without pings for dead, and proxies cut idle ones, the strictest after 55 s. */
const MAX_HEARTBEAT_SECONDS = 30;
const VARIABLES: Readonly<Record<keyof GivenSettings, string>> = {
  keyPrefix: 'KEY_PREFIX',
  terminalStates: 'TERMINAL_STATES',
  historyLimit: 'HISTORY_LIMIT',
  runTtlSeconds: 'RUN_TTL_SECONDS',
  finishedTtlSeconds: 'FINISHED_TTL_SECONDS',
};

/** Throws ConfigError. An empty variable counts as unset. */
export function parseConfig(environment: Environment): Config {
  const text = (name: string, fallback: string) => environment[name] || fallback;
  const integer = (name: string, fallback: number, least: number, most: number) => {
    const value = environment[name] || String(fallback);
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most)
      throw new ConfigError(name, `must be a whole number from ${least} to ${most}, not "${value}"`);
    return number;
  };
  const limit = (name: string, most: number) =>
    environment[name] ? integer(name, most, 1, most) : Number.POSITIVE_INFINITY;
  const isProduction = environment.NODE_ENV === 'production';
  const settings = settingsOf(environment);
  const cluster = environment.REDIS_CLUSTER ? flag('REDIS_CLUSTER', environment.REDIS_CLUSTER) : null;
  const keys = secrets('PROGRESS_SECRET', environment.PROGRESS_SECRET);
  return Object.freeze({
    host: text('HOST', isProduction || environment.PORT ? '0.0.0.0' : '127.0.0.1'),
    port: integer('PORT', 8000, 0, MAX_PORT),
    basePath: basePath(environment.BASE_PATH),
    isProduction,
    processes: integer('WEB_CONCURRENCY', 1, 1, MOST_PROCESSES),
    redisUrl: redisUrl(environment.REDIS_URL, cluster),
    redisCluster: cluster,
    redisTlsInsecure: flag('REDIS_TLS_INSECURE', environment.REDIS_TLS_INSECURE),
    rawChannel: rawChannel(text('PROGRESS_CHANNEL', DEFAULT_RAW_CHANNEL), settings.keyPrefix),
    ...settings,
    maxConnections: integer('MAX_CONNECTIONS', 10_000, 1, MOST_CONNECTIONS),
    maxConnectionsPerRun: limit('MAX_CONNECTIONS_PER_RUN', MOST_CONNECTIONS),
    maxConnectionsPerAddress: limit('MAX_CONNECTIONS_PER_ADDRESS', MOST_CONNECTIONS),
    trustedProxies: integer('TRUSTED_PROXIES', 0, 0, 10),
    publishRate: limit('PUBLISH_RATE', 1_000_000),
    secrets: keys,
    heartbeatMs: integer('HEARTBEAT_SECONDS', 15, 1, MAX_HEARTBEAT_SECONDS) * 1000,
    drainMs: integer('DRAIN_SECONDS', 0, 0, 600) * 1000,
    shutdownMs: integer('SHUTDOWN_SECONDS', 4, 1, 600) * 1000,
    allowedHosts: hosts(environment.ALLOWED_HOSTS, isProduction || keys.length > 0 ? '*' : []),
    allowedOrigins: origins('ALLOWED_ORIGINS', environment.ALLOWED_ORIGINS),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL', 'info').toLowerCase(), LOG_LEVELS),
  });
}

function basePath(value: string | undefined): string {
  const path = (value ?? '').replace(/\/$/, '');
  // Plain characters only: a proxy may write others in another way than they are written here.
  if (/^(?:\/[A-Za-z0-9._~-]+)*$/.test(path) && !/\/\.\.?(?:\/|$)/.test(path)) return path;
  throw new ConfigError('BASE_PATH', `must be a path like /progress, not "${value}"`);
}

function redisUrl(value: string | undefined, cluster: boolean | null): string | null {
  if (!value) return null;
  try {
    kindOf(parseRedisUrl(value), cluster);
    return value;
  } catch (error) {
    // Never the value itself: it holds a password.
    if (error instanceof TypeError) throw new ConfigError('REDIS_URL', error.message);
    throw error;
  }
}

function settingsOf(environment: Environment): Settings {
  const given = (setting: keyof GivenSettings) => environment[VARIABLES[setting]] || undefined;
  // A value that is no number stays a text, so that the error shows it as it was given.
  const number = (value: string | undefined) => (value && /^\d+$/.test(value) ? Number(value) : value);
  return parseSettings(
    {
      keyPrefix: given('keyPrefix'),
      terminalStates: given('terminalStates')
        ?.split(',')
        .map((state) => state.trim()),
      historyLimit: number(given('historyLimit')),
      runTtlSeconds: number(given('runTtlSeconds')),
      finishedTtlSeconds: number(given('finishedTtlSeconds')),
    },
    (setting, problem) => new ConfigError(VARIABLES[setting], problem),
  );
}

function rawChannel(channel: string, keyPrefix: string): string {
  const problem = nameProblem(channel);
  if (problem) throw new ConfigError('PROGRESS_CHANNEL', problem);
  if (isOwnChannel(channel, keyPrefix))
    throw new ConfigError(
      'PROGRESS_CHANNEL',
      `must not be one of the service's own channels, "${keyPrefix}:…"`,
    );
  return channel;
}

function origins(name: string, value: string | undefined): string[] | '*' {
  if (!value) return [];
  if (value.trim() === '*') return '*';
  const list = value.split(',').map((origin) => origin.trim().replace(/\/$/, ''));
  for (const origin of list) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin)
      throw new ConfigError(
        name,
        `must be * or origins like https://example.com, separated by commas; not "${origin}"`,
      );
  }
  return list;
}

/** Never quoted in the message. */
function secrets(name: string, value: string | undefined): string[] {
  if (!value) return [];
  const list = value.split(',').map((secret) => secret.trim());
  if (list.every((secret) => Buffer.byteLength(secret) >= MIN_SECRET_BYTES)) return list;
  throw new ConfigError(
    name,
    `must have ${MIN_SECRET_BYTES} bytes at least (openssl rand -base64 32); several are separated by commas`,
  );
}

function hosts(value: string | undefined, fallback: string[] | '*'): string[] | '*' {
  if (!value) return fallback;
  if (value.trim() === '*') return '*';
  const list = value.split(',').map((host) => host.trim().toLowerCase());
  for (const host of list) {
    if (!/^[a-z0-9_.-]+$/.test(host))
      throw new ConfigError(
        'ALLOWED_HOSTS',
        `must be * or names like app.example.com, without a port and separated by commas; not "${host}"`,
      );
  }
  return list;
}

function flag(name: string, value: string | undefined): boolean {
  return oneOf(name, value || '0', ['0', '1']) === '1';
}

function oneOf(name: string, value: string, choices: readonly string[]): string {
  if (choices.includes(value)) return value;
  throw new ConfigError(name, `must be one of ${choices.join(', ')}, not "${value}"`);
}
