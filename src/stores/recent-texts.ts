// The raw messages that were recorded from one node of a cluster lately. The next node may deliver some of them later than
// that one did: they are known by their text, as they carry nothing else.

export interface RecentTexts {
  add(text: string): void;
  /** The next node is heard from now on. */
  settle(): void;
  /**
   * True once for each time that it was added lately. Of a text that was added several times those count that the next node
   * can still have delivered after `settle`: who only counts up sends the same text again and again.
   */
  take(text: string): boolean;
}

/** By far more than the nodes take to tell each other. */
const SETTLE_MS = 750;
/** As long as they take on a busy machine. A longer time would lose more of what has the same text. */
const LAG_MS = 150;
/** Longer than two nodes are heard beside each other. */
const KEPT_MS = 1000;
/** Of each of two parts. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** `now`: ms, monotonic. */
export function createRecentTexts(now: () => number = () => performance.now()): RecentTexts {
  /** When each was added. */
  let older = new Map<string, number[]>();
  let newer = new Map<string, number[]>();
  /** Of `newer`. */
  let begunAt = now();
  let characters = 0;
  let addedAt = now();
  /** What was added before counts only where it was the only one with its text. */
  let settlesFrom = 0;

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
      const times = newer.get(text);
      if (times) times.push(addedAt);
      else newer.set(text, [addedAt]);
    },
    settle: () => {
      settlesFrom = now() - LAG_MS;
    },
    take: (text) => {
      if (newer.size === 0 && older.size === 0) return false;
      if (now() - addedAt > SETTLE_MS) {
        newer.clear();
        older.clear();
        return false;
      }
      for (const texts of [newer, older]) {
        const times = texts.get(text);
        if (!times) continue;
        if (times.length > 1) while ((times[0] ?? settlesFrom) < settlesFrom) times.shift();
        const isThere = times.shift() !== undefined;
        if (times.length === 0) texts.delete(text);
        if (isThere) return true;
      }
      return false;
    },
  };
}
