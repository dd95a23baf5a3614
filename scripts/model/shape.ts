// What a service is asked to do, and what of it counts.

export interface Shape {
  /** Spread evenly over the runs. */
  readers: number;
  runs: number;
  /** Updates of each run. */
  updates: number;
  processes: number;
  /** All readers of a run come to one process; else each comes to any of them. */
  isRouted: boolean;
  /** By a bare PUBLISH, which every process hears and records; else by a publisher, which records by itself. */
  isRaw: boolean;
}

/** How often each thing happens that costs something. */
export interface Load {
  readers: number;
  /** Readers whose connection the first of several processes accepts, counts and hands on. */
  handed: number;
  /** Runs that are open, in each process that has a reader of them. */
  openings: number;
  /** Updates that are recorded. */
  updates: number;
  /** Raw messages, for each process that hears them. */
  heard: number;
  /** Announcements, for each process that has the run open. */
  announced: number;
  /** Events written to a reader. */
  deliveries: number;
}

export function loadOf({ readers, runs, updates, processes, isRaw, isRouted }: Shape): Load {
  // Of the processes, those that one of a run's readers has come to.
  const share = isRouted ? 1 / processes : 1 - (1 - 1 / processes) ** (readers / runs);
  const openings = runs * processes * share;
  return {
    readers,
    handed: processes > 1 ? readers : 0,
    openings,
    updates: runs * updates,
    heard: isRaw ? runs * updates * processes : 0,
    announced: openings * updates,
    deliveries: readers * updates,
  };
}
