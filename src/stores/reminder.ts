// What is tried again and again is worth a line in the log when it begins to fail, when the reason is another one, and
// each minute: whoever looks at a log in the evening does not look at its morning.

const EVERY_MS = 60_000;

export interface Reminder {
  /** It has failed for this reason. Whether the log should say so now. */
  isDue(reason: string): boolean;
  /** It works again: the next failure is news. */
  end(): void;
}

/** `now`: ms, monotonic. */
export function createReminder(now: () => number = () => performance.now()): Reminder {
  let saidReason: string | null = null;
  let saidAt = 0;
  return {
    isDue: (reason) => {
      if (reason === saidReason && now() - saidAt < EVERY_MS) return false;
      saidReason = reason;
      saidAt = now();
      return true;
    },
    end: () => {
      saidReason = null;
    },
  };
}
