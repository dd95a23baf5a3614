// What a tracked body of code reports with, and where code below it finds that.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ProgressUpdate } from './progress-update.ts';

export interface Report {
  /** Publishes an update of the body's run and attempt. As `Publisher.publish`; false once the body's run is over. */
  (update: ProgressUpdate): Promise<boolean>;
  /**
   * Each of `parts`, counted: `current` is how many are done, reported ten times a second at most, and `total` how many
   * there are, if that is given or an array, a Set or a Map says it. TypeError in a part of a run, which counts as one.
   */
  each<T>(parts: Iterable<T>, total?: number): Iterable<T>;
  each<T>(parts: AsyncIterable<T>, total?: number): AsyncIterable<T>;
}

const REPORT_MS = 100;
const current = new AsyncLocalStorage<Report>();

/** The `report` of the innermost tracked body that this code runs in; one that does nothing outside of any. */
export function currentReport(): Report {
  return current.getStore() ?? UNTRACKED;
}

/** Runs `body`, in which `report` is the current one. */
export function withReport<T>(report: Report, body: (report: Report) => T): T {
  return current.run(report, body, report);
}

/** `isPart`: the body is a part of its run. */
export function createReport(publish: (update: ProgressUpdate) => Promise<boolean>, isPart: boolean): Report {
  function each<T>(parts: Iterable<T> | AsyncIterable<T>, total = sizeOf(parts)) {
    if (isPart) throw new TypeError('a part of a run counts as one: report({ advance: … }) says more');
    const counter = createCounter(publish, total || undefined);
    return Symbol.asyncIterator in parts ? countAsync(parts, counter) : countSync(parts, counter);
  }
  return Object.assign(publish, { each: each as Report['each'] });
}

const UNTRACKED: Report = Object.assign(async () => false, { each: <T>(parts: T) => parts } as Pick<
  Report,
  'each'
>);

interface Counter {
  begin(): void;
  countOne(): void;
  end(): void;
}

function createCounter(publish: Report | ((update: ProgressUpdate) => unknown), total?: number): Counter {
  let count = 0;
  let reported = 0;
  let reportedAt = 0;
  /** Reports what is counted before a part that takes long. */
  let timer: NodeJS.Timeout | undefined;
  const report = (update: ProgressUpdate) => {
    clearTimeout(timer);
    timer = undefined;
    reported = count;
    reportedAt = performance.now();
    void publish({ current: count, ...update });
  };
  return {
    begin: () => report({ total }),
    countOne: () => {
      count++;
      if (performance.now() - reportedAt >= REPORT_MS) report({});
      else timer ??= setTimeout(() => report({}), REPORT_MS).unref();
    },
    end: () => {
      if (reported !== count) report({});
    },
  };
}

function* countSync<T>(parts: Iterable<T>, counter: Counter): Iterable<T> {
  counter.begin();
  try {
    for (const part of parts) {
      yield part;
      counter.countOne();
    }
  } finally {
    counter.end(); // Also where the loop is left early.
  }
}

async function* countAsync<T>(parts: AsyncIterable<T>, counter: Counter): AsyncIterable<T> {
  counter.begin();
  try {
    for await (const part of parts) {
      yield part;
      counter.countOne();
    }
  } finally {
    counter.end();
  }
}

function sizeOf(parts: unknown): number | undefined {
  if (Array.isArray(parts)) return parts.length;
  return parts instanceof Set || parts instanceof Map ? parts.size : undefined;
}
