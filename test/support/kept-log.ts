// What the programs of the tests print, kept in files. At the end of the run they are searched for every secret that the
// tests used: scripts/kept-logs.js. Where scripts/test.js has named no folder nothing is kept.
import { openSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type Logger, pino } from 'pino';

/** Shorter ones, or of fewer characters, stand in logs by chance. */
const MIN_CHARACTERS = 12;
const MIN_DIFFERENT = 6;

const PASSWORD = /^[a-z+]+:\/\/[^/@:]*:([^@]+)@/;
const LEVELS: Readonly<Record<string, number>> = { ...pino.levels.values, silent: Number.POSITIVE_INFINITY };

const isKept = process.env.KEPT_LOGS !== undefined;
/** Named after the test file that this process runs. */
const path = join(
  process.env.KEPT_LOGS ?? '',
  `${relative('test', process.argv[1] ?? '').replace(/[^\w.-]+/g, '_')}-${process.pid}`,
);
const files = new Map<'log' | 'secrets', number>();

function append(kind: 'log' | 'secrets', text: string) {
  if (!isKept) return;
  const file = files.get(kind) ?? openSync(`${path}.${kind}`, 'a');
  files.set(kind, file);
  writeSync(file, `${text}\n`);
}

export function keepLine(line: string) {
  append('log', line);
}

/** Returns the value, which must stand in no log. TypeError for one that may stand there by chance. */
export function keepSecret(value: string): string {
  if (value.length < MIN_CHARACTERS || new Set(value).size < MIN_DIFFERENT)
    throw new TypeError(`a secret must be at least ${MIN_CHARACTERS} different characters, not "${value}"`);
  append('secrets', JSON.stringify(value));
  return value;
}

/** Of what runs in the test's own process. */
export function createKeptLog(): Logger {
  return pino({ level: isKept ? 'trace' : 'silent' }, { write: (line: string) => keepLine(line.trimEnd()) });
}

/** The environment of a program whose output is kept: a service logs all that it can. What is secret in it is noted. */
export function keptEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PROGRESS_SECRET = '', RUN_PROGRESS_TOKEN = '', REDIS_URL = '', LOG_LEVEL = 'info' } = env;
  const password = decodeURIComponent(PASSWORD.exec(REDIS_URL)?.[1] ?? '');
  for (const value of [...PROGRESS_SECRET.split(','), RUN_PROGRESS_TOKEN, password])
    if (value !== '') keepSecret(value.trim());
  return isKept && LOG_LEVEL in LEVELS ? { ...env, LOG_LEVEL: 'trace' } : env;
}

/** Whether a program with this environment prints the line when its log is not kept. */
export function isWanted(line: string, { LOG_LEVEL = 'info' }: NodeJS.ProcessEnv): boolean {
  const level = /^\{"level":(\d+),/.exec(line)?.[1];
  return !isKept || level === undefined || Number(level) >= (LEVELS[LOG_LEVEL] ?? 0);
}
