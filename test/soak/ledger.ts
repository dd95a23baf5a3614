// What was published: by whom, and whether it must have been recorded, or only may. Decides; does no I/O.
export type Via = 'raw' | 'typescript' | 'python' | 'http';

interface Entry {
  runId: string;
  via: Via;
  /** Raw: the servers that hear it for certain, as bits. */
  hearers: number;
}

export interface Ledger {
  /** Before it is published. Of one run and publisher in the order of publication. */
  enter(runId: string, via: Via, line: string): void;
  /** A witness has seen it in a history: whatever happens to servers now, it is there. */
  settle(line: string): void;
  /** What is on its way may not reach this server any more, and what it has heard may go with it. */
  loseHearing(server: number): void;
  /** What is published from now on reaches this server. */
  gainHearing(server: number): void;
  /** What a publisher was answered with an error: nobody knows. */
  giveUp(line: string): void;
  /**
   * Compares with a run's histories: one, or after a FLUSHALL several. Within each every line is there once at most, and
   * those of a publisher in order; what must have been recorded is in one of them.
   */
  violations(runId: string, lives: readonly (readonly string[])[]): string[];
  readonly counts: { published: number; raw: number; certainRaw: number };
}

export function createLedger(): Ledger {
  const entries = new Map<string, Entry>();
  const unsettled = new Set<Entry>();
  const linesOf = new Map<string, string[]>();
  let hearing = 0;

  return {
    enter: (runId, via, line) => {
      const entry = { runId, via, hearers: hearing };
      entries.set(line, entry);
      if (via === 'raw') unsettled.add(entry);
      const lines = linesOf.get(runId) ?? [];
      linesOf.set(runId, lines);
      lines.push(line);
    },
    settle: (line) => {
      const entry = entries.get(line);
      if (entry) unsettled.delete(entry);
    },
    loseHearing: (server) => {
      hearing &= ~(1 << server);
      for (const entry of unsettled) entry.hearers &= ~(1 << server);
    },
    gainHearing: (server) => {
      hearing |= 1 << server;
    },
    giveUp: (line) => {
      const entry = entries.get(line);
      if (entry) entry.hearers = 0;
    },
    violations: (runId, lives) => {
      const found: string[] = [];
      const recorded = new Set(lives.flat());
      for (const line of linesOf.get(runId) ?? []) {
        const entry = entries.get(line);
        if (entry && isCertain(entry) && !recorded.has(line)) found.push(`lost: "${line}"`);
      }
      for (const life of lives) found.push(...doubles(life), ...disorder(life, entries));
      for (const line of recorded) if (!entries.has(line)) found.push(`nobody published "${line}"`);
      return found;
    },
    get counts() {
      const raw = [...entries.values()].filter(({ via }) => via === 'raw');
      return { published: entries.size, raw: raw.length, certainRaw: raw.filter(isCertain).length };
    },
  };
}

function isCertain({ via, hearers }: Entry): boolean {
  return via !== 'raw' || hearers !== 0;
}

function doubles(life: readonly string[]): string[] {
  const seen = new Set<string>();
  return life.filter((line) => seen.has(line) || !seen.add(line)).map((line) => `doubled: "${line}"`);
}

/** Lines end in a number that goes up. Raw ones may be recorded late, by a server that lags. */
function disorder(life: readonly string[], entries: ReadonlyMap<string, Entry>): string[] {
  const last = new Map<Via, number>();
  return life.flatMap((line) => {
    const via = entries.get(line)?.via;
    if (!via || via === 'raw') return [];
    const number = Number(/\d+$/.exec(line)?.[0]);
    const before = last.get(via) ?? 0;
    last.set(via, number);
    return number < before ? [`out of order: "${line}" after ${before}`] : [];
  });
}
