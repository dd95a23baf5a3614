// Which runs share a connection. Pure. A browser allows six connections per host over all its tabs, so above a few
// runs they move to one stream; below, each has its own, which resumes exactly where it was.

const MAX_SINGLE = 3;
/** What routers and servers take as an address, with room for the rest of it. */
const MAX_URL_BYTES = 6_000;

/** Groups of runs, one connection each. */
export function groupRuns(runs: readonly string[]): string[][] {
  if (runs.length <= MAX_SINGLE) return runs.map((run) => [run]);
  const groups: string[][] = [];
  let bytes = MAX_URL_BYTES;
  for (const run of runs) {
    const size = `&run=${encodeURIComponent(run)}`.length;
    if (bytes + size > MAX_URL_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(run);
    bytes += size;
  }
  return groups;
}

/**
 * Whether the open groups must be drawn anew. A group that holds more than is wanted may stay: leaving a run alone
 * costs less than a new connection.
 */
export function isCovered(open: readonly (readonly string[])[], wanted: readonly string[]): boolean {
  return wanted.every((run) => open.some((group) => group.includes(run)));
}

/**
 * Who asks when a group was refused, as one of its runs may be to blame, or its size: each half by itself, down to
 * single runs. A run that is refused alone is what was meant.
 */
export function afterRefusal(runs: readonly string[]): string[][] {
  const middle = runs.length >> 1;
  return middle === 0 ? [] : [runs.slice(0, middle), runs.slice(middle)];
}
