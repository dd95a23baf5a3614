// The event stream, by fetch: it sees status codes, can send a token, and leaves reconnection to its owner.
import { parseMessage } from '../message.ts';
import { createSseParser } from './sse-parser.ts';
import { type Attempt, ask, createWatchdog, type Ending, refused } from './transport.ts';

/**
 * One run resumes after its cursor. Several share one stream, which starts with a snapshot of each instead.
 * The cursor goes into the address: as a header it would cost a preflight on every reconnection.
 */
export function streamPath(runs: readonly string[], cursorOf: (run: string) => number): string {
  if (runs.length > 1) return `events?${runs.map((run) => `run=${encodeURIComponent(run)}`).join('&')}`;
  const [run = ''] = runs;
  return `runs/${encodeURIComponent(run)}/events${cursorOf(run) > 0 ? `?last_event_id=${cursorOf(run)}` : ''}`;
}

export async function streamEvents(attempt: Attempt): Promise<Ending> {
  const own = new AbortController();
  let isAlive = false;
  let why: Ending['why'] = 'ended';
  let retryMs: number | undefined;
  const watchdog = createWatchdog(() => {
    if (!isAlive) why = 'blocked';
    own.abort();
  });
  const parse = createSseParser(
    ({ event, data }) => {
      attempt.onAlive(event === 'ping' ? Number(data) : undefined);
      const message = event ? undefined : parseMessage(data);
      if (message) attempt.onMessage(message);
    },
    (ms) => {
      retryMs = ms;
    },
  );
  try {
    const response = await ask(attempt, streamPath(attempt.runs, attempt.cursorOf), own.signal);
    if (response.status === 204) return { why: 'finished' };
    const isStream = response.ok && response.headers.get('Content-Type')?.startsWith('text/event-stream');
    if (!isStream || response.body === null) return refused(response);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { why: 'ended', retryMs };
      isAlive = true;
      watchdog.feed();
      parse(decoder.decode(value, { stream: true }));
    }
  } catch {
    // AbortError (closed or silent) and TypeError (unreachable, cut off, or refused by CORS) alike: it is over.
    return { why, retryMs };
  } finally {
    watchdog.stop();
    own.abort();
  }
}
