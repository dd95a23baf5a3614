// The service's answer, line by line: a stream that goes on, or what there is after the cursors. JSON lines serve both,
// so one reader does; for event streams a parser would have to be loaded as well.
import { toMessage } from '../message.ts';
import { type Attempt, type Ending, refusalOf } from './attempt.ts';

/** A first byte is sent at once. A proxy that keeps it this long keeps everything. */
const FIRST_BYTE_MS = 5_000;
/** Two and a half heartbeats of 15 s. */
const SILENCE_MS = 38_000;
/** For an answer that is waited for, beyond the wait. */
const GRACE_MS = 10_000;
/** As long as a timer can be. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Without `waitSeconds` it is a stream. With them the service answers as soon as there is something, or when they are
 * over. Never rejects.
 */
export async function read(attempt: Attempt, waitSeconds?: number): Promise<Ending> {
  const { signal, onAlive, onMessage } = attempt;
  const isStream = waitSeconds === undefined;
  const own = new AbortController();
  let why: Ending['why'] = isStream ? 'blocked' : 'broken';
  let retryMs: number | undefined;
  /** What the end of the stream means. */
  let over: Ending['why'] = 'broken';
  let watchdog: ReturnType<typeof setTimeout> | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;
  /** Joined where the line ends, and only there: a snapshot of megabytes comes in many parts. */
  let parts: string[] = [];
  try {
    const token = await attempt.token();
    watchdog = setTimeout(stop, isStream ? FIRST_BYTE_MS : waitSeconds * 1000 + GRACE_MS);
    const response = await attempt.ask(
      isStream ? '&format=ndjson' : `&wait=${waitSeconds}`,
      token,
      AbortSignal.any([signal, own.signal]),
    );
    const isLines = response.headers.get('Content-Type')?.startsWith('application/x-ndjson');
    if (response.status !== 204 && !(response.ok && isLines)) return await refusalOf(response);
    if (!isStream) onAlive();
    if (response.body === null) return { why: 'answered' };
    renewal = setTimeout(renew, Math.min(MAX_TIMER_MS, attempt.renewAt() - Date.now()));
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { why: isStream ? over : 'answered', retryMs };
      why = 'broken';
      clearTimeout(watchdog);
      watchdog = setTimeout(stop, SILENCE_MS);
      take(decoder.decode(value, { stream: true }));
    }
  } catch {
    // AbortError (closed, or silent), TypeError (unreachable, cut off, or refused by CORS), SyntaxError (someone else's
    // page), or what the page's token provider rejects with: it is over.
    return { why: own.signal.aborted ? why : over, retryMs };
  } finally {
    clearTimeout(watchdog);
    clearTimeout(renewal);
    stop();
  }

  function take(text: string): void {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    for (const line of lines) {
      parts.push(line);
      takeLine(parts.join(''));
      parts = [];
    }
    parts.push(rest);
  }

  function takeLine(line: string): void {
    // The service sends nothing but JSON. Anything else ends the attempt.
    const value: { type?: string; ts?: number; retry?: number } = JSON.parse(line);
    const isPing = value.type === 'ping';
    if (value.type === 'unauthorized') over = 'unauthorized';
    if (isPing) retryMs = value.retry;
    onAlive(isPing ? value.ts : undefined);
    const message = toMessage(value);
    if (message) onMessage(message);
  }

  function renew(): void {
    why = 'renew';
    stop();
  }

  function stop(): void {
    own.abort();
  }
}
