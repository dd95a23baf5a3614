// For log lines about things that may happen thousands of times a second.

const EVERY_MS = 1000;

/** Calls what it is given, but not again within a second. */
export function createOnceASecond(): (say: () => void) => void {
  let saidAt = Number.NEGATIVE_INFINITY;
  return (say) => {
    if (performance.now() - saidAt < EVERY_MS) return;
    saidAt = performance.now();
    say();
  };
}
