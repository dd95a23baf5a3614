// What a command prints, made into updates: lines of the log, and progress no more often than people can see it.
import type { Update } from '../runs/update.ts';
import { createLineProgress } from './line-progress.ts';
import { createOutputLines, type OutputLines } from './output-lines.ts';

export interface OutputReport {
  /** For stdout and stderr, one each. */
  lines(): OutputLines;
  /** Reports what is still held back. */
  end(): void;
}

/** tqdm writes ten times a second; each update is an event that all readers get. */
const PROGRESS_MS = 250;

export function reportOutput({
  hasLog,
  publish,
}: {
  hasLog: boolean;
  publish(update: Update): void;
}): OutputReport {
  const progressOf = createLineProgress();
  let reported = '';
  let held: Update | undefined;
  let timer: NodeJS.Timeout | undefined;

  function flush() {
    clearTimeout(timer);
    timer = undefined;
    if (held) publish(held);
    held = undefined;
  }

  function progress(update: Update) {
    const text = JSON.stringify(update);
    if (text === reported) return;
    reported = text;
    if (timer !== undefined) {
      held = update;
      return;
    }
    publish(update);
    timer = setTimeout(flush, PROGRESS_MS);
  }

  return {
    lines: () =>
      createOutputLines((line, isOverwritten) => {
        const found = progressOf(line);
        if (isOverwritten || !hasLog) {
          if (found) progress(found);
          return;
        }
        // Progress that was held back is older than this line.
        flush();
        publish({ log: line, ...found });
      }),
    end: flush,
  };
}
