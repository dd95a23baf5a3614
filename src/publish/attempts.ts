// Numbers for `attempt` that only go up: of two deliveries of one job the later one has the higher.
import type { Nodes } from '../stores/nodes.ts';

const CONNECT_TIMEOUT_MS = 1000;
const CLOCK_AGE_MS = 3_600_000;

/** Of all publishers of this process. */
let last = 0;

/**
 * Takes numbers, in microseconds: by the clock of Redis, which all workers share, or by that of this host where Redis
 * doesn't answer. `askClock` gives milliseconds.
 */
export function createAttempts(askClock: () => Promise<number>): () => Promise<number> {
  let ahead: Promise<number> | null = null;
  let askAgainAt = 0;

  const measure = async () => {
    try {
      return (await askClock()) - performance.now();
    } catch {
      // Redis is away, or doesn't answer in time: it is asked again for the next number.
      ahead = null;
      return Date.now() - performance.now();
    }
  };

  return async () => {
    if (ahead === null || performance.now() > askAgainAt) {
      askAgainAt = performance.now() + CLOCK_AGE_MS;
      ahead = measure();
    }
    const now = (await ahead) + performance.now();
    last = Math.max(Math.floor(now * 1000), last + 1);
    return last;
  };
}

/** Milliseconds since 1970, as Redis has it. Rejects if it isn't reached within a second, or doesn't answer. */
export async function redisClock(nodes: Nodes): Promise<number> {
  const { commands } = await nodes.whenReady(CONNECT_TIMEOUT_MS);
  const [seconds, micros] = await commands.time();
  return Number(seconds) * 1000 + Number(micros) / 1000;
}
