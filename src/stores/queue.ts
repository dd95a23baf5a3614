// What waits, in order: put on at the end, taken from the front.

export interface Queue<T> {
  readonly size: number;
  push(item: T): void;
  /** The oldest. */
  take(): T | undefined;
}

const MANY = 10_000;

/** Taking from its front does not move all that waits. */
export function createQueue<T>(): Queue<T> {
  let items: (T | undefined)[] = [];
  /** So many places at the front are empty. */
  let taken = 0;

  return {
    get size() {
      return items.length - taken;
    },
    push: (item) => {
      items.push(item);
    },
    take: () => {
      const item = items[taken];
      if (item === undefined) return undefined;
      items[taken++] = undefined;
      if (taken > MANY || taken === items.length) {
        items = items.slice(taken);
        taken = 0;
      }
      return item;
    },
  };
}
