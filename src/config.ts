// The environment, read once into a frozen Config. An invalid value stops the start and names the variable.

export interface Config {
  host: string;
  port: number;
  isProduction: boolean;
  /** Null: in memory. */
  redisUrl: string | null;
  redisTlsInsecure: boolean;
  rawChannel: string;
  keyPrefix: string;
  terminalStates: readonly string[];
  historyLimit: number;
  runTtlMs: number;
  finishedTtlMs: number;
  maxConnections: number;
  heartbeatMs: number;
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
const MAX_NAME_BYTES = 150;
/** What Redis takes as an expiry without a thought: 10 years. */
const MAX_TTL_SECONDS = 315_360_000;

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
  const keyPrefix = keyName('KEY_PREFIX', text('KEY_PREFIX', 'autoshorts'));
  return Object.freeze({
    host: text('HOST', isProduction || environment.PORT ? '0.0.0.0' : '127.0.0.1'),
    port: integer('PORT', 8000, 0, MAX_PORT),
    isProduction,
    redisUrl: redisUrl(environment.REDIS_URL),
    redisTlsInsecure: flag('REDIS_TLS_INSECURE', environment.REDIS_TLS_INSECURE),
    rawChannel: rawChannel(text('PROGRESS_CHANNEL', 'autoshorts:progress'), keyPrefix),
    keyPrefix,
    terminalStates: states('TERMINAL_STATES', text('TERMINAL_STATES', 'END,FAILED')),
    historyLimit: integer('HISTORY_LIMIT', 500, 1, 100_000),
    runTtlMs: integer('RUN_TTL_SECONDS', 86_400, 1, MAX_TTL_SECONDS) * 1000,
    finishedTtlMs: integer('FINISHED_TTL_SECONDS', 3600, 1, MAX_TTL_SECONDS) * 1000,
    maxConnections: integer('MAX_CONNECTIONS', 10_000, 1, 1_000_000),
    heartbeatMs: integer('HEARTBEAT_SECONDS', 15, 1, MAX_HEARTBEAT_SECONDS) * 1000,
    shutdownMs: integer('SHUTDOWN_SECONDS', 4, 1, 600) * 1000,
    allowedOrigins: origins('ALLOWED_ORIGINS', environment.ALLOWED_ORIGINS),
    logLevel: oneOf('LOG_LEVEL', text('LOG_LEVEL', 'info'), LOG_LEVELS),
  });
}

function redisUrl(value: string | undefined): string | null {
  if (!value) return null;
  // Never quoted in the message: it holds a password.
  if (!URL.canParse(value) || !['redis:', 'rediss:'].includes(new URL(value).protocol))
    throw new ConfigError('REDIS_URL', 'must be a redis:// or rediss:// URL');
  return value;
}

function keyName(name: string, value: string): string {
  // The subscription and the marker's script must reach Redis in one packet.
  if (/^[^\s\p{Cc}]+$/u.test(value) && Buffer.byteLength(value) <= MAX_NAME_BYTES) return value;
  throw new ConfigError(name, `must be 1 to ${MAX_NAME_BYTES} bytes without spaces`);
}

function rawChannel(value: string, keyPrefix: string): string {
  const channel = keyName('PROGRESS_CHANNEL', value);
  if (channel === `${keyPrefix}:marker` || channel.startsWith(`${keyPrefix}:run:`))
    throw new ConfigError(
      'PROGRESS_CHANNEL',
      `must not be one of the service's own channels, "${keyPrefix}:…"`,
    );
  return channel;
}

function states(name: string, value: string): string[] {
  const list = value.split(',').map((state) => state.trim());
  if (list.every((state) => /^[^\p{Cc}]{1,64}$/u.test(state))) return list;
  throw new ConfigError(name, `must be a comma-separated list of states, not "${value}"`);
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
