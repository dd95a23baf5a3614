// Options of the command line and of the environment, read and checked. Pure.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { parseRunId } from '../runs/run-id.ts';
import { type Environment, UsageError } from './command.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Of every command that talks to a service. */
export const SERVICE_OPTIONS = { url: { type: 'string' }, token: { type: 'string' } } as const;

export const SERVICE_USAGE = `  --url URL      the service (default: $RUN_PROGRESS_URL, else http://localhost:8000)
  --token TOKEN  where the service asks for one (default: $RUN_PROGRESS_TOKEN)`;

export interface ServiceAddress {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
}

/** Throws UsageError for an option that doesn't exist, or lacks its value. */
export function parseOptions<T extends Options>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [, option] = /^Option '(\S+)' argument is ambiguous/.exec(error.message) ?? [];
    if (option)
      throw new UsageError(`${option} needs a value: one that begins with a dash is written ${option}=-1`);
    throw new UsageError(error.message.split(/\.\s/)[0] ?? error.message);
  }
}

export function serviceAddress(
  values: { url?: string | undefined; token?: string | undefined },
  env: Environment,
): ServiceAddress {
  const url = values.url ?? (env.RUN_PROGRESS_URL || 'http://localhost:8000');
  const name = values.url === undefined ? 'RUN_PROGRESS_URL' : '--url';
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`${name} must be a URL like https://progress.example.com, not "${url}"`);
  const { origin, pathname, username } = new URL(url);
  if (username) throw new UsageError(`${name} must hold no password: a token goes into RUN_PROGRESS_TOKEN`);
  const token = values.token ?? (env.RUN_PROGRESS_TOKEN || undefined);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new UsageError('the token must be visible ASCII: is a line end or a quote in it?');
  return { url: `${origin}${pathname.replace(/\/+$/, '')}`, token };
}

export function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** In NFC, as the service compares them; each once. */
export function runIds(names: readonly string[]): string[] {
  return [...new Set(names.map(runId))];
}

export function runId(name: string): string {
  const parsed = parseRunId(name);
  if ('problem' in parsed) throw new UsageError(`a run's name ${parsed.problem}`);
  return parsed.runId;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
/** What a timer of Node can wait: 24 days. */
const MAX_TIMER_SECONDS = 2_147_483;

/** `90`, `90s`, `15m`, `2h` or `1d`, in ms. */
export function durationMs(name: string, text: string, maxSeconds = MAX_TIMER_SECONDS): number {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(text);
  const seconds = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? 1);
  if (match && seconds > 0 && seconds <= maxSeconds) return seconds * 1000;
  throw new UsageError(`${name} must be a time like 90, 90s, 15m or 2h, not "${text}"`);
}

export function numberOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new UsageError(`${name} must be a number, not "${text}"`);
  return value;
}
