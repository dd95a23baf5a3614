// The lanes in which updates wait: what holds up one lane holds up no other. Which lane a run has may change, as its node
// does; it changes only while nothing of the run waits, as the updates of a run must not overtake each other.

export interface Lanes<L> {
  /** For one more update of the run. */
  enter(runId: string): L;
  /** An update of the run waits no more, and isn't under way. */
  leave(runId: string): void;
  all(): L[];
}

interface Counted<L> {
  readonly lane: L;
  updates: number;
}

interface Stay<L> {
  readonly counted: Counted<L>;
  updates: number;
}

/** Lanes of nodes that have gone are forgotten beyond so many. Each takes about 4 kB. */
const MANY = 1000;

export function createLanes<L>(nameOf: (runId: string) => string, create: () => L): Lanes<L> {
  const lanes = new Map<string, Counted<L>>();
  /** Of the runs of which something waits. */
  const stays = new Map<string, Stay<L>>();

  function laneNamed(name: string): Counted<L> {
    const known = lanes.get(name);
    if (known) return known;
    if (lanes.size >= MANY) for (const [other, { updates }] of lanes) if (updates === 0) lanes.delete(other);
    const counted = { lane: create(), updates: 0 };
    lanes.set(name, counted);
    return counted;
  }

  function stayOf(runId: string): Stay<L> {
    const known = stays.get(runId);
    if (known) return known;
    const stay = { counted: laneNamed(nameOf(runId)), updates: 0 };
    stays.set(runId, stay);
    return stay;
  }

  return {
    enter: (runId) => {
      const stay = stayOf(runId);
      stay.updates++;
      stay.counted.updates++;
      return stay.counted.lane;
    },
    leave: (runId) => {
      const stay = stays.get(runId);
      if (!stay) return;
      stay.updates--;
      stay.counted.updates--;
      if (stay.updates === 0) stays.delete(runId);
    },
    all: () => Array.from(lanes.values(), ({ lane }) => lane),
  };
}
