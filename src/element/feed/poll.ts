// Asking every two seconds: the way that always works.
import { toMessage } from '../message.ts';
import { type Attempt, ask, type Ending, FIRST_BYTE_MS, pause, refused } from './transport.ts';

const INTERVAL_MS = 2_000;

export async function poll(attempt: Attempt): Promise<Ending> {
  for (;;) {
    const failures = await Promise.all(attempt.runs.map((run) => askOnce(attempt, run)));
    const failure = failures.find(Boolean);
    if (failure || attempt.signal.aborted) return failure ?? { why: 'ended' };
    await pause(INTERVAL_MS, attempt.signal);
  }
}

/** Undefined when all is well, else why polling ends. */
async function askOnce(attempt: Attempt, run: string): Promise<Ending | undefined> {
  try {
    const limit = AbortSignal.timeout(FIRST_BYTE_MS);
    const response = await ask(attempt, `runs/${encodeURIComponent(run)}`, limit);
    // 404: nobody has heard of it, it has not started.
    if (!response.ok && response.status !== 404) return refused(response);
    const message = toMessage({ type: 'initial_state', run_id: run, ...(await response.json()) });
    attempt.onAlive();
    if (message) attempt.onMessage(message);
    return undefined;
  } catch {
    // AbortError (closed, or too slow), TypeError (unreachable), SyntaxError (someone else's page): no answer.
    return { why: 'ended' };
  }
}
