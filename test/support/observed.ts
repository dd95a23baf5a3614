// Waiting for something to come true: looked at whenever something has changed, never by sleeping.

/** Machines are shared: a deadline says that something hangs, not that it is slow. */
const DEADLINE_MS = 60_000;

export interface Observed {
  /** Something has happened: whoever waits looks again. */
  changed(): void;
  /** Fulfilled with the first value of `look` that is neither undefined, null nor false. */
  until<T>(what: string, look: () => T | undefined | null | false, deadlineMs?: number): Promise<T>;
}

/** `describe` tells what has been seen so far, for the error of a wait that was in vain. */
export function createObserved(describe: () => string): Observed {
  const looks = new Set<() => void>();
  return {
    changed: () => {
      for (const look of looks) look();
    },
    until: (what, look, deadlineMs = DEADLINE_MS) =>
      new Promise((resolve, reject) => {
        const vain = new Error(`waited ${deadlineMs} ms in vain for ${what}`);
        const timer = setTimeout(() => {
          looks.delete(lookAgain);
          vain.message += `; seen so far: ${describe()}`;
          reject(vain);
        }, deadlineMs);
        const settle = (act: () => void) => {
          clearTimeout(timer);
          looks.delete(lookAgain);
          act();
        };
        const lookAgain = () => {
          try {
            const value = look();
            if (value !== undefined && value !== null && value !== false) settle(() => resolve(value));
          } catch (error) {
            // `look` has seen that there is nothing to wait for any more.
            settle(() => reject(error));
          }
        };
        looks.add(lookAgain);
        lookAgain();
      }),
  };
}
