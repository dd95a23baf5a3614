// Which of the nodes of a cluster knows best which of them has which slots. Decides only: cluster.ts asks them.
//
// All nodes hear of a new epoch before it is decided who gets the slots, and then learn that one after the other. So
// views of one epoch differ, for a second on a busy machine. Whoever believed them in turn would go to and fro between
// the old master and the new one, and would hear no raw messages meanwhile.
import type { Place } from './lookup.ts';

/** What one node knows. */
export interface View {
  /** The cluster's, not that of the node's own slots. */
  readonly epoch: number;
  readonly places: readonly Place[];
}

export interface Views {
  /** The newest of these and of the one before; undefined where there is none. */
  newestOf(views: readonly View[]): View | undefined;
}

/** By then the nodes have told each other what they know. Who still says otherwise is right: the cluster may be another one. */
const PATIENCE_MS = 3000;
/** While many slots are moved there are many. */
const MOST_LEFT = 20;

/** `now`: ms, monotonic. */
export function createViews(now: () => number = () => performance.now()): Views {
  let newest: View | undefined;
  /** Those that were newest before, and the epoch of the one that followed. */
  const left = new Map<string, number>();
  /** Since when nobody has said anything but what is old. */
  let onlyOldSince: number | undefined;

  const isSame = (view: View) => newest !== undefined && textOf(view) === textOf(newest);

  /**
   * Within an epoch no slot comes back to a node that it has left. And a node that knows who is a master no more, but not
   * yet who follows, has slots of nobody.
   */
  function isOld(view: View): boolean {
    if (!newest || isSame(view)) return false;
    if (view.epoch < newest.epoch || slotCountOf(view) < slotCountOf(newest)) return true;
    return view.epoch <= (left.get(textOf(view)) ?? -1);
  }

  function accept(view: View) {
    onlyOldSince = undefined;
    const epoch = newest && isSame(view) ? Math.max(view.epoch, newest.epoch) : view.epoch;
    if (newest && !isSame(view)) leave(newest, epoch);
    // A node may be at another address now.
    newest = { epoch, places: view.places };
  }

  function leave(view: View, epoch: number) {
    left.delete(textOf(view));
    left.set(textOf(view), epoch);
    const [oldest] = left.keys();
    if (left.size > MOST_LEFT && oldest !== undefined) left.delete(oldest);
  }

  /** The newest first. Of those of one epoch it is one that hasn't been known before. */
  function byAge(a: View, b: View): number {
    const known = (view: View) => (left.has(textOf(view)) ? 2 : isSame(view) ? 1 : 0);
    return b.epoch - a.epoch || known(a) - known(b) || slotCountOf(b) - slotCountOf(a);
  }

  return {
    newestOf: (views) => {
      const sorted = [...views].sort(byAge);
      const best = sorted.find((view) => !isOld(view));
      if (best) accept(best);
      else if (sorted[0]) {
        onlyOldSince ??= now();
        if (now() - onlyOldSince >= PATIENCE_MS) accept(sorted[0]);
      }
      return newest;
    },
  };
}

function slotCountOf({ places }: View): number {
  return places.flatMap(({ slots }) => slots).reduce((count, [from, to]) => count + to - from + 1, 0);
}

function textOf({ places }: View): string {
  return JSON.stringify(places.map(({ id, slots }) => [id, slots]));
}
