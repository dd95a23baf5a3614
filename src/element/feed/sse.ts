// The event stream, by fetch: it sees status codes, can send a token, and leaves reconnection to its owner.
import { createParser } from 'eventsource-parser';
import { parseMessage } from '../message.ts';
import { parseRetryAfter } from './backoff.ts';
import { type Attempt, createWatchdog, type Ending, type Endpoint, headersFor } from './transport.ts';

/**
 * One run resumes after its cursor. Several share one stream, which starts with a snapshot of each instead.
 * The cursor goes into the address: as a header it would cost a preflight on every reconnection.
 */
export function streamUrl(
  endpoint: Endpoint,
  runs: readonly string[],
  cursorOf: (run: string) => number,
): string {
  const [run = ''] = runs;
  if (runs.length > 1) {
    return `${endpoint.server}/api/events?${runs.map((each) => `run=${encodeURIComponent(each)}`).join('&')}`;
  }
  const cursor = cursorOf(run);
  const query = cursor > 0 ? `?last_event_id=${cursor}` : '';
  return `${endpoint.server}/api/runs/${encodeURIComponent(run)}/events${query}`;
}

export async function streamEvents(attempt: Attempt): Promise<Ending> {
  const { endpoint, runs, signal } = attempt;
  const own = new AbortController();
  const abort = () => own.abort();
  signal.addEventListener('abort', abort);
  let isAlive = false;
  let isSilent = false;
  let retryMs: number | undefined;
  const watchdog = createWatchdog(() => {
    isSilent = true;
    abort();
  });
  const parser = createParser({
    onRetry: (ms) => {
      retryMs = ms;
    },
    onEvent: ({ event, data }) => {
      if (event === 'ping') return attempt.onAlive(Number(data) || undefined);
      attempt.onAlive();
      const message = event === undefined ? parseMessage(data, runs.length === 1 ? runs[0] : '') : undefined;
      if (message !== undefined) attempt.onMessage(message);
    },
  });

  try {
    const response = await fetch(streamUrl(endpoint, runs, attempt.cursorOf), {
      headers: headersFor(endpoint, 'text/event-stream'),
      cache: 'no-store',
      signal: own.signal,
    });
    if (response.status === 204) return { why: 'finished' };
    const isStream = response.headers.get('Content-Type')?.startsWith('text/event-stream') ?? false;
    if (!response.ok || !isStream || response.body === null) {
      abort();
      return {
        why: 'failed',
        retryAfterMs: parseRetryAfter(response.headers.get('Retry-After'), Date.now()),
      };
    }
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { why: 'ended', retryMs };
      isAlive = true;
      watchdog.feed();
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } catch {
    // AbortError (ours: closed or silent) and TypeError (unreachable, cut off, or refused by CORS) alike: it is over.
    return { why: isSilent && !isAlive ? 'blocked' : 'failed', retryMs };
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', abort);
  }
}
