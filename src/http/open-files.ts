// How many connections fit into the number of files that a process may have open. Each connection is one of them, and a
// process at the limit can't accept or answer. Node has already raised its own limit as far as it may.
import { readdirSync, readFileSync } from 'node:fs';
import type { GiveBack, Place, Places, Refusal } from './connection-limits.ts';

export interface Room {
  /** Connections that a reader may have. */
  readers: number;
  /** Others: see spare-connections.ts. */
  spare: number;
}

/** Beside what is open at the start: connections to Redis, also new ones while old ones end, and name servers. */
const OTHER_FILES = 24;
/** The share of the rest that is kept for requests without a stream: health checks, and refusals of further readers. */
const SPARE_SHARE = 1 / 3;
/** As many of them need not be more, and may be at any MAX_CONNECTIONS: readers come in crowds, and are spare at first. */
const ENOUGH_SPARE = 1000;

/** How many more files this process may open, by Linux. Infinity elsewhere: nobody tells. */
export function freeFiles(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    return Number(limit) - readdirSync('/proc/self/fd').length;
  } catch {
    // ENOENT: not Linux, or without /proc.
    return Number.POSITIVE_INFINITY;
  }
}

/** What `free` files allow of what is wanted. */
export function roomIn(free: number, maxConnections: number): Room {
  const left = free - OTHER_FILES;
  const kept = Math.min(Math.floor(left * SPARE_SHARE), ENOUGH_SPARE);
  const readers = Math.max(1, Math.min(maxConnections, left - kept));
  return { readers, spare: Math.max(1, Math.min(Math.max(maxConnections, ENOUGH_SPARE), left - readers)) };
}

/** For the operator; null if there is room for all. `processes` serve together, each with its own limit. */
export function roomWarning(free: number, maxConnections: number, processes: number): string | null {
  const readers = roomIn(free, Math.ceil(maxConnections / processes)).readers * processes;
  if (readers >= maxConnections) return null;
  const wanted = Math.ceil(maxConnections / processes);
  const needed = 2 ** Math.ceil(Math.log2(wanted + ENOUGH_SPARE + OTHER_FILES));
  return (
    `a process may open so few files that ${readers} readers fit, not ${maxConnections} (MAX_CONNECTIONS): ` +
    `raise the limit to ${needed} (ulimit -n, LimitNOFILE of systemd, --ulimit nofile of Docker), or set MAX_CONNECTIONS=${readers}`
  );
}

/** The same places, of which this process has no more than `most`. */
export function withinRoom(places: Places, { readers: most }: Room): Places {
  let open = 0;

  function leaveBy(taken: GiveBack | Refusal): GiveBack | Refusal {
    if (typeof taken !== 'function') {
      open--;
      return taken;
    }
    return () => {
      open--;
      taken();
    };
  }

  return {
    take: (place: Place) => {
      if (open >= most)
        return {
          code: 'too-many-connections',
          detail: `All ${most} connections are in use for which this process may open files.`,
          open,
        };
      open++;
      const taken = places.take(place);
      return taken instanceof Promise ? taken.then(leaveBy) : leaveBy(taken);
    },
  };
}
