// What a process has used so far, as Linux tells it. Elsewhere the figures are null, and the report leaves them out.
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  cpuUs: number | null;
  rssBytes: number | null;
}

/** As Linux shows them to programs, on every machine (man 7 time). */
const TICKS_PER_SECOND = 100;

export function readUsage(pid: number): Usage {
  return { cpuUs: scheduledUs(pid) ?? tickedUs(pid), rssBytes: residentBytes(pid) };
}

/** All threads, in ns: a burst of a few dozen ms is too short for ticks. Null if the kernel keeps no such account. */
function scheduledUs(pid: number): number | null {
  const tasks = readOrNull(() => readdirSync(`/proc/${pid}/task`));
  const times = tasks?.map((task) => read(`/proc/${pid}/task/${task}/schedstat`)?.split(' ')[0]);
  if (!times?.length || times.includes(undefined)) return null;
  return times.reduce((sum, ns) => sum + Number(ns) / 1000, 0);
}

/** utime and stime, the 14th and 15th field (man 5 proc); the second, the program's name, may hold spaces. */
function tickedUs(pid: number): number | null {
  const fields = read(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ');
  if (!fields) return null;
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

function residentBytes(pid: number): number | null {
  const kilobytes = /^Rss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}

const read = (path: string) => readOrNull(() => readFileSync(path, 'utf8')) ?? undefined;

function readOrNull<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    // Another system than Linux, or the process or thread has ended.
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code)))
      return null;
    throw error;
  }
}

/** What came on top, null where it can't be known. */
export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : after - before;
}
