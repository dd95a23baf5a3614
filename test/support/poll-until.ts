// Asks until it is so: for what has no event to wait on.
import { setTimeout as pause } from 'node:timers/promises';

/** For what Redis or the service only tells when asked: how long a list is, whether a service is ready. */
export async function pollUntil<T>(
  what: string,
  ask: () => Promise<T | undefined | null | false>,
  deadlineMs = 30_000,
  intervalMs = 20,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`asked for ${deadlineMs} ms in vain for ${what}`);
    await pause(intervalMs);
  }
}
