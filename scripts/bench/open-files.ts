// Each reader is an open file, in the server's process and in the load generator's.
import { spawnSync } from 'node:child_process';
import { FEWEST_READERS } from './options.ts';
import { mostReaders } from './scenarios.ts';

/** Of Node itself, its connections to Redis, and the readers that warm up. */
const OTHER_FILES = 300;

/** For `--readers`. Throws Error, which says what to do, if so many can't be open at once. */
export function checkOpenFiles(readers: number): void {
  const limit = openFileLimit();
  const needed = mostReaders(readers) + OTHER_FILES;
  if (limit >= needed) return;
  const share = mostReaders(readers) / readers;
  const affordable = Math.floor((limit - OTHER_FILES) / share);
  const less = affordable >= FEWEST_READERS ? `\nOr ask less: npm run bench -- --readers ${affordable}` : '';
  throw new Error(
    `A process must hold ${needed} connections open, and may have ${limit} open files (ulimit -n).\n` +
      `Raise it: ulimit -n 65536 (above "ulimit -Hn" only as root; Docker: --ulimit nofile=65536)${less}`,
  );
}

/** Node has raised its own limit as far as it may, and its children inherit that. */
function openFileLimit(): number {
  const { status, stdout } = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' });
  const limit = Number(stdout);
  return status !== 0 || Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}
