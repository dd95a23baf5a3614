// The settings that all who record into one store must share: how much is kept, for how long, and the names of keys and
// channels. The service reads them from the environment, the publishers from their options, with the same rules.
// publish_progress.py has the same rules for Python.

export interface HistoryOptions {
  /** Events kept per run. */
  historyLimit: number;
  /** Expiry after an update, and after one that leaves the run in a terminal state. */
  runTtlMs: number;
  finishedTtlMs: number;
  terminalStates: readonly string[];
}

export interface Settings extends HistoryOptions {
  /** See `keyOf`. */
  keyPrefix: string;
}

/** Settings as a user gives them. A missing one has its default. */
export interface GivenSettings {
  /** 1 to 150 bytes without spaces. Default: 'autoshorts'. */
  keyPrefix?: string | undefined;
  /** Each of 1 to 64 characters, without commas and control characters. Default: ['END', 'FAILED']. */
  terminalStates?: readonly string[] | undefined;
  /** 1 to 100,000. Default: 500. */
  historyLimit?: number | undefined;
  /** Whole seconds, up to 10 years. Default: 86,400, and 3,600 for a run that is done. */
  runTtlSeconds?: number | undefined;
  finishedTtlSeconds?: number | undefined;
}

export const DEFAULT_RAW_CHANNEL = 'autoshorts:progress';

const DEFAULTS = {
  keyPrefix: 'autoshorts',
  terminalStates: ['END', 'FAILED'],
  historyLimit: 500,
  runTtlSeconds: 86_400,
  finishedTtlSeconds: 3600,
};
const MAX_HISTORY_LIMIT = 100_000;
const MAX_TTL_SECONDS = 315_360_000;
/** The subscription to the raw channel and the marker's script must reach Redis in one packet. */
const MAX_NAME_BYTES = 150;

/** Says what is wrong with a setting by the error that it makes: the name that the user knows it by is the caller's. */
export type SettingError = (setting: keyof GivenSettings, problem: string) => Error;

/** All settings, valid. Throws what `errorOf` makes: by default a TypeError that names the option. */
export function parseSettings(
  given: Readonly<Partial<Record<keyof GivenSettings, unknown>>>,
  errorOf: SettingError = optionError,
): Settings {
  const take = <K extends keyof GivenSettings>(
    setting: K,
    problemOf: (value: unknown) => string | null,
  ): (typeof DEFAULTS)[K] => {
    const value = given[setting] ?? DEFAULTS[setting];
    const problem = problemOf(value);
    if (problem !== null) throw errorOf(setting, problem);
    return value as (typeof DEFAULTS)[K];
  };
  return {
    keyPrefix: take('keyPrefix', nameProblem),
    terminalStates: take('terminalStates', statesProblem),
    historyLimit: take('historyLimit', (value) => wholeNumberProblem(value, MAX_HISTORY_LIMIT)),
    runTtlMs: take('runTtlSeconds', (value) => wholeNumberProblem(value, MAX_TTL_SECONDS)) * 1000,
    finishedTtlMs: take('finishedTtlSeconds', (value) => wholeNumberProblem(value, MAX_TTL_SECONDS)) * 1000,
  };
}

function optionError(setting: string, problem: string): TypeError {
  return new TypeError(`${setting} ${problem}`);
}

/** What is wrong with the name of a key or channel, or null. */
export function nameProblem(value: unknown): string | null {
  const isName = typeof value === 'string' && /^[^\s\p{Cc}]+$/u.test(value);
  if (isName && Buffer.byteLength(value) <= MAX_NAME_BYTES) return null;
  return `must be 1 to ${MAX_NAME_BYTES} bytes without spaces`;
}

function statesProblem(value: unknown): string | null {
  const isState = (state: unknown) => typeof state === 'string' && /^[^\p{Cc},]{1,64}$/u.test(state);
  if (Array.isArray(value) && value.length > 0 && value.every(isState)) return null;
  return `must be a list of states, each of 1 to 64 characters without commas; not ${shown(value)}`;
}

function wholeNumberProblem(value: unknown, most: number): string | null {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= most) return null;
  return `must be a whole number from 1 to ${most}, not ${shown(value)}`;
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
}

/** The key of a run's history. */
export function keyOf(keyPrefix: string, runId: string): string {
  return `${keyPrefix}:run:${runId}`;
}

/** The channel on which a run's recorded events are announced. */
export function channelOf(keyPrefix: string, database: number, runId: string): string {
  return `${channelPrefix(database)}${keyOf(keyPrefix, runId)}`;
}

/** The key of the epoch counter. */
export function markerKeyOf(keyPrefix: string): string {
  return `${keyPrefix}:marker`;
}

/** The channel of the markers. */
export function markerChannelOf(keyPrefix: string, database: number): string {
  return `${channelPrefix(database)}${markerKeyOf(keyPrefix)}`;
}

/** Pub/Sub knows no database numbers: without this, a run of one database would be heard in all of them. */
export function channelPrefix(database: number): string {
  return database === 0 ? '' : `${database}/`;
}

/** Whether a channel is one of the service's own, on which raw messages would be taken for something else. */
export function isOwnChannel(channel: string, keyPrefix: string): boolean {
  const name = channel.replace(/^\d+\//, '');
  return name === markerKeyOf(keyPrefix) || name.startsWith(keyOf(keyPrefix, ''));
}
