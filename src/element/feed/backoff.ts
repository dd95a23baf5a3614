// Whether there is a next attempt, and how long to wait before it. Pure: chance is passed in.

const BASE_MS = 1_000;
const CAP_MS = 30_000;

export interface BackoffInput {
  /** Attempts that failed in a row; 0 after a connection that had worked. */
  failures: number;
  /** The stream's own `retry:`: the server's wish for the next attempt, already different for each reader. */
  retryMs?: number | undefined;
  /** `Retry-After`: the same for every reader, so chance is added to it. */
  retryAfterMs?: number | undefined;
  /** In [0, 1). */
  random: number;
}

/**
 * Full jitter: anything between nothing and the limit, so that readers who lost one server don't come back together.
 * Never sooner than the server asked, never later than its wish plus `CAP_MS`.
 */
export function backoffMs({ failures, retryMs, retryAfterMs, random }: BackoffInput): number {
  const jitter = random * Math.min(CAP_MS, BASE_MS * 2 ** failures);
  if (retryAfterMs !== undefined) return retryAfterMs + jitter;
  if (failures === 0 && retryMs !== undefined) return retryMs;
  return jitter;
}

/**
 * `Retry-After` in ms; undefined when absent or unreadable, as its other form, a date, is by a clock that may be wrong. At
 * most ten minutes are believed.
 */
export function parseRetryAfter(value: string | null): number | undefined {
  const ms = Number.parseInt(value ?? '', 10) * 1000;
  return ms >= 0 ? Math.min(600_000, ms) : undefined;
}

/**
 * Whether an answer will be the same however often one asks. Anything else may pass: who is let in (401, 403), a server
 * that is just being replaced (404), a timeout, a limit, and whatever is the server's own fault.
 */
export function isFinalRefusal(status: number): boolean {
  return [400, 405, 410, 414, 422].includes(status);
}
