// A random schedule of faults, two at a time at most.
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import type { Fault, World } from './faults.ts';

export interface Schedule {
  /** Those that happen now. */
  readonly current: readonly string[];
  /** Fulfilled when no more begin and the last one is over; rejects if one could not be brought to its end. */
  stop(): Promise<void>;
}

const MOST_AT_ONCE = 2;
const LONGEST_CALM_MS = 1500;

export function startSchedule(
  faults: readonly Fault[],
  world: World,
  random: Random,
  onFault: (name: string) => void,
): Schedule {
  const taken = new Set<string>();
  const current = new Map<string, Promise<void>>();
  let isOver = false;
  const going = go();
  going.catch(() => {}); // Thrown by `stop`.

  async function go() {
    while (!isOver) {
      await pause(random.below(LONGEST_CALM_MS));
      const fault = choose();
      if (fault && current.size < MOST_AT_ONCE) begin(fault);
      if (current.size >= MOST_AT_ONCE) await Promise.race(current.values());
    }
    await Promise.all(current.values());
  }

  function choose(): Fault | undefined {
    const possible = faults.filter(({ needs }) => needs.every((need) => !taken.has(need)));
    let ticket = random.below(
      Math.max(
        possible.reduce((sum, { weight }) => sum + weight, 0),
        1,
      ),
    );
    return possible.find(({ weight }) => {
      ticket -= weight;
      return ticket < 0;
    });
  }

  function begin({ name, needs, happen }: Fault) {
    onFault(name);
    for (const need of needs) taken.add(need);
    const happening = happen(world).then(() => {
      for (const need of needs) taken.delete(need);
      current.delete(name);
    });
    happening.catch(() => {}); // Thrown by whoever waits for it: `go`.
    current.set(name, happening);
  }

  return {
    get current() {
      return [...current.keys()];
    },
    stop: async () => {
      isOver = true;
      await going;
    },
  };
}
