// What the command line asks for.
import { parseArgs } from 'node:util';

export interface Options {
  /** Of the paced scenario; the others take a share of it. */
  readers: number;
  repetitions: number;
}

export const FEWEST_READERS = 20;

export const USAGE = `Usage: npm run bench [-- --quick] [-- --readers N] [-- --repetitions N]

Measures the built service against a naive SSE server (http, ioredis, res.write), a broadcast with ws, and itself
without chunks (readers of HTTP/1.0), in turns, and prints medians and ratios as Markdown. Takes about 2 minutes where
nothing else runs; needs redis-server, which it starts itself.

  --readers N      of the paced run, ${FEWEST_READERS} to 10000 (default: 2000); 2.5 times as many are idle, a quarter take the
                   burst, 15 % the replay
  --repetitions N  turns of each server in each scenario, 1 to 100 (default: 3)
  --quick          500 readers, one repetition: whether it works, not how fast
  --help           this text

The tables go to stdout, how far it is to stderr: npm run --silent bench > result.md
Exit status: 0; 1 if the service lost, doubled or disordered anything; 2 if it could not be measured.
`;

/** Null: help is wanted. Throws TypeError. */
export function parseOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      readers: { type: 'string' },
      repetitions: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    readers: integer('--readers', values.readers ?? (values.quick ? '500' : '2000'), FEWEST_READERS, 10_000),
    repetitions: integer('--repetitions', values.repetitions ?? (values.quick ? '1' : '3'), 1, 100),
  };
}

function integer(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new TypeError(`${name} must be a whole number from ${least} to ${most}, not "${value}"`);
}

/** To repeat the run: quoted in the report. */
export function commandLine(args: readonly string[]): string {
  return ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
}
