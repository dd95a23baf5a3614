// Asking every two seconds: the way that always works.
import { toMessage } from '../message.ts';
import { parseRetryAfter } from './backoff.ts';
import { type Attempt, type Ending, FIRST_BYTE_MS, headersFor } from './transport.ts';

const INTERVAL_MS = 2_000;

export async function poll(attempt: Attempt): Promise<Ending> {
  for (;;) {
    const answers = await Promise.all(attempt.runs.map((run) => ask(attempt, run)));
    const failed = answers.find((answer) => answer !== undefined);
    if (failed !== undefined || attempt.signal.aborted) return failed ?? { why: 'ended' };
    await pause(attempt.signal);
  }
}

/** Undefined when all is well, else why polling ends. */
async function ask(attempt: Attempt, run: string): Promise<Ending | undefined> {
  try {
    const response = await fetch(`${attempt.endpoint.server}/api/runs/${encodeURIComponent(run)}`, {
      headers: headersFor(attempt.endpoint, 'application/json'),
      // The browser asks by the ETag it has, and hides a 304; by a header of our own it would be preflighted.
      cache: 'no-cache',
      signal: AbortSignal.any([attempt.signal, AbortSignal.timeout(FIRST_BYTE_MS)]),
    });
    // Nobody has heard of it: it has not started.
    if (response.status !== 200 && response.status !== 404) {
      return {
        why: 'failed',
        retryAfterMs: parseRetryAfter(response.headers.get('Retry-After'), Date.now()),
      };
    }
    const body: unknown = await response.json();
    attempt.onAlive();
    const message = toMessage({ ...(body as object), type: 'initial_state' }, run);
    if (response.status === 200 && message !== undefined) attempt.onMessage(message);
    return undefined;
  } catch {
    // AbortError (closed, or too slow), TypeError (unreachable), SyntaxError (someone else's page): no answer.
    return { why: 'failed' };
  }
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, INTERVAL_MS);
    signal.addEventListener('abort', done);
  });
}
