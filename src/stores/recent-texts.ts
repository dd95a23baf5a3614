// The raw messages that were recorded from one node of a cluster lately. The next node may deliver some of them later than
// that one did: they are known by their text, as they carry nothing else.

export interface RecentTexts {
  add(text: string): void;
  /** True once for each time that it was added lately. */
  take(text: string): boolean;
}

/** By far more than the nodes take to tell each other, and no more: who says the same twice would not be heard the second time. */
const SETTLE_MS = 750;
/** Longer than two nodes are heard beside each other. */
const KEPT_MS = 1000;
/** Of each of two parts. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** `now`: ms, monotonic. */
export function createRecentTexts(now: () => number = () => performance.now()): RecentTexts {
  let older = new Map<string, number>();
  let newer = new Map<string, number>();
  /** Of `newer`. */
  let begunAt = now();
  let characters = 0;
  let addedAt = now();

  return {
    add: (text) => {
      addedAt = now();
      if (addedAt - begunAt > KEPT_MS || characters > MAX_CHARACTERS) {
        older = newer;
        newer = new Map();
        begunAt = addedAt;
        characters = 0;
      }
      characters += text.length;
      newer.set(text, (newer.get(text) ?? 0) + 1);
    },
    take: (text) => {
      if (newer.size === 0 && older.size === 0) return false;
      if (now() - addedAt > SETTLE_MS) {
        newer.clear();
        older.clear();
        return false;
      }
      for (const texts of [newer, older]) {
        const count = texts.get(text);
        if (count === undefined) continue;
        if (count === 1) texts.delete(text);
        else texts.set(text, count - 1);
        return true;
      }
      return false;
    },
  };
}
