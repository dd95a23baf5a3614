// Updates that wait to be sent: per run, in order, in bounded space. Pure: what is sent, and when, is the publisher's.
import { fold, type Waiting } from './fold.ts';

export interface Backlog {
  readonly size: number;
  /** How many log lines went for want of room. */
  readonly lostLines: number;
  /** Beyond a limit the oldest are folded, or go: see `BacklogOptions`. */
  push(runId: string, update: Waiting): void;
  /** Takes the oldest, `most` of them at most: of the run whose turn it is, then of the next. */
  take(most: number): { runId: string; update: Waiting }[];
}

export interface BacklogOptions {
  /** Beyond it a run's updates are folded to nine tenths. Ten times as many may wait in all: then every run is. */
  mostPerRun: number;
  terminalStates: readonly string[];
  /** Redis records nothing at the moment. While it does, fifty times as many may wait: a burst drains. Default: it is away. */
  isAway?(): boolean;
}

const BURST = 50;

export function createBacklog(options: BacklogOptions): Backlog {
  const { mostPerRun, terminalStates, isAway = () => true } = options;
  // The run whose turn it is comes first.
  const waiting = new Map<string, Waiting[]>();
  let size = 0;
  let lostLines = 0;

  function remove(runId: string): Waiting[] {
    const updates = waiting.get(runId) ?? [];
    waiting.delete(runId);
    size -= updates.length;
    return updates;
  }

  function foldRun(runId: string, updates: Waiting[], most: number) {
    const folded = fold(updates, most, terminalStates);
    size -= updates.length - folded.length;
    lostLines += countLines(updates) - countLines(folded);
    waiting.set(runId, folded);
  }

  /** An equal share for each run; and if there are too many runs the oldest go, those that have ended last. */
  function makeRoom(most: number) {
    const share = Math.max(1, Math.floor(most / waiting.size));
    for (const [runId, updates] of waiting) foldRun(runId, updates, share);
    const runs = [...waiting.keys()];
    for (const runId of [...runs.filter((id) => !hasEnded(id)), ...runs.filter(hasEnded)]) {
      if (size <= most) return;
      lostLines += countLines(remove(runId));
    }
  }

  function hasEnded(runId: string): boolean {
    return terminalStates.includes(waiting.get(runId)?.at(-1)?.state ?? '');
  }

  return {
    get size() {
      return size;
    },
    get lostLines() {
      return lostLines;
    },
    push: (runId, update) => {
      const updates = waiting.get(runId) ?? [];
      waiting.set(runId, updates);
      updates.push(update);
      size++;
      const factor = isAway() ? 1 : BURST;
      if (updates.length > mostPerRun * factor) foldRun(runId, updates, Math.floor(mostPerRun * 0.9));
      if (size > mostPerRun * 10 * factor) makeRoom(mostPerRun * 9);
    },
    take: (most) => {
      const taken: { runId: string; update: Waiting }[] = [];
      // A run that goes to the end of the map would be met again, but only when as many are taken as may be.
      for (const runId of waiting.keys()) {
        if (taken.length === most) break;
        const updates = remove(runId);
        for (const update of updates.splice(0, most - taken.length)) taken.push({ runId, update });
        if (updates.length === 0) continue;
        // Behind the other runs.
        waiting.set(runId, updates);
        size += updates.length;
      }
      return taken;
    },
  };
}

function countLines(updates: readonly Waiting[]): number {
  return updates.filter(({ log }) => log !== undefined).length;
}
