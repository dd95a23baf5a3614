// When the readers of a run are served: once per turn of the event loop, with all that it brought. In a flood they are
// served less often, as a reader costs one write however many events are in it.
import type { Run } from './run.ts';

export interface Turns {
  /** The run has something for its readers. */
  markDirty(run: Run): void;
  close(): void;
}

/** In a flood readers are served this often: nobody reads faster. */
const FLOOD_MS = 250;

/** `isFlood`: many more announcements are about to come. */
export function createTurns(isFlood: () => boolean): Turns {
  let dirty = new Set<Run>();
  let soon: NodeJS.Immediate | undefined;
  let later: NodeJS.Timeout | undefined;

  function cancel() {
    clearImmediate(soon);
    clearTimeout(later);
    soon = undefined;
    later = undefined;
  }

  function flush() {
    cancel();
    const batch = dirty;
    dirty = new Set();
    for (const run of batch) run.flush();
  }

  return {
    markDirty: (run) => {
      dirty.add(run);
      if (isFlood()) later ??= setTimeout(flush, FLOOD_MS);
      else soon ??= setImmediate(flush);
    },
    close: cancel,
  };
}
