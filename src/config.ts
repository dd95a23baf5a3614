// The environment, read once into a frozen Config. An invalid value stops the start and names the variable.

import {
  DEFAULT_RAW_CHANNEL,
  type GivenSettings,
  isOwnChannel,
  nameProblem,
  parseSettings,
  type Settings,
} from './runs/settings.ts';

export interface Config extends Settings {
  host: string;
  port: number;
  isProduction: boolean;
  /** Null: in memory. */
  redisUrl: string | null;
  redisTlsInsecure: boolean;
  rawChannel: string;
  maxConnections: number;
  heartbeatMs: number;
  /** Between the signal to end and the end of the first stream. */
  drainMs: number;
  shutdownMs: number;
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
/** Settings to come: one that is not honoured stops the start, as whoever sets it relies on it. */
const NOT_YET = ['PROGRESS_SECRET', 'MAX_CONNECTIONS_PER_RUN'];
const MAX_PORT = 65_535;
/** The element takes a line without pings for dead, and proxies cut idle ones, the strictest after 55 s. */
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
  for (const name of NOT_YET) {
    if (environment[name]) throw new ConfigError(name, 'is not supported by this version: unset it');
  }
  const isProduction = environment.NODE_ENV === 'production';
  const settings = settingsOf(environment);
  return Object.freeze({
    host: text('HOST', isProduction || environment.PORT ? '0.0.0.0' : '127.0.0.1'),
    port: integer('PORT', 8000, 0, MAX_PORT),
    isProduction,
    redisUrl: redisUrl(environment.REDIS_URL),
    redisTlsInsecure: flag('REDIS_TLS_INSECURE', environment.REDIS_TLS_INSECURE),
    rawChannel: rawChannel(text('PROGRESS_CHANNEL', DEFAULT_RAW_CHANNEL), settings.keyPrefix),
    ...settings,
    maxConnections: integer('MAX_CONNECTIONS', 10_000, 1, 1_000_000),
    heartbeatMs: integer('HEARTBEAT_SECONDS', 15, 1, MAX_HEARTBEAT_SECONDS) * 1000,
    drainMs: integer('DRAIN_SECONDS', 0, 0, 600) * 1000,
    shutdownMs: integer('SHUTDOWN_SECONDS', 4, 1, 600) * 1000,
    allowedOrigins: origins('ALLOWED_ORIGINS', environment.ALLOWED_ORIGINS),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL', 'info').toLowerCase(), LOG_LEVELS),
  });
}

function redisUrl(value: string | undefined): string | null {
  if (!value) return null;
  // Never quoted in the message: it holds a password.
  if (!URL.canParse(value) || !['redis:', 'rediss:'].includes(new URL(value).protocol))
    throw new ConfigError('REDIS_URL', 'must be a redis:// or rediss:// URL');
  return value;
}

function settingsOf(environment: Environment): Settings {
  const given = (setting: keyof GivenSettings) => environment[VARIABLES[setting]] || undefined;
  // What is no number stays a text, so that the error shows it as it was given.
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

function flag(name: string, value: string | undefined): boolean {
  return oneOf(name, value || '0', ['0', '1']) === '1';
}

function oneOf(name: string, value: string, choices: readonly string[]): string {
  if (choices.includes(value)) return value;
  throw new ConfigError(name, `must be one of ${choices.join(', ')}, not "${value}"`);
}
