// A connection to a service that follows runs: it resumes where it was, until it is closed or refused for good.
import { setTimeout as pause } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import { type Message, parseMessage } from '../element/message.ts';
import { type Answer, call, textOf } from './http-call.ts';
import { networkRefusal, type Refusal, refusalOf } from './http-refusal.ts';
import { authorization, type ServiceAddress } from './options.ts';

export type FollowStatus = { phase: 'live' } | { phase: 'away'; reason: string };

export interface FollowOptions extends ServiceAddress {
  /** The runs still to be followed, each with its cursor; null: from its snapshot. Asked at every connection. */
  wanted(): ReadonlyMap<string, number | null>;
  onMessage(message: Message): void;
  onStatus(status: FollowStatus): void;
  /** A heartbeat, with the service's time in ms. */
  onTime(now: number): void;
}

export interface Follow {
  /** Fulfilled once it is closed, or with the reason why it gave up. */
  readonly ended: Promise<Refusal | null>;
  close(): void;
}

/** As long as nobody has answered even once: a service that just restarts is back by then. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** A heartbeat comes every 30 s at least. */
const SILENCE_MS = 75_000;
const ANSWER_MS = 30_000;
/** Proxies let 8 KB of a request's first line through. */
const MAX_QUERY_LENGTH = 5000;
const MAX_PROBLEM_BYTES = 4096;

/** Several runs share a connection. What has been received may come again after an outage: reduce by id. */
export function follow(options: FollowOptions): Follow {
  const closing = new AbortController();
  const { signal } = closing;
  let wasLive = false;
  const deadline = performance.now() + PATIENCE_MS;

  /** One connection after another, for the runs of `part`. Fulfilled when none of them is wanted any more. */
  async function keepReading(part: readonly string[]): Promise<Refusal | null> {
    let retryMs = RETRY_MS;
    while (!signal.aborted) {
      const wanted = [...options.wanted()].filter(([runId]) => part.includes(runId));
      if (wanted.length === 0) return null;
      const url = `${options.url}${pathOf(wanted)}`;
      const end = await read(url, () => {
        wasLive = true;
        retryMs = RETRY_MS;
        options.onStatus({ phase: 'live' });
      });
      if (signal.aborted) break;
      if (end.isFinal || (!wasLive && performance.now() > deadline)) return end;
      options.onStatus({ phase: 'away', reason: end.reason });
      await pause(end.retryAfterMs ?? retryMs * (0.5 + Math.random()), undefined, { signal }).catch(
        ignoreAbort,
      );
      retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
    }
    return null;
  }

  /** Until the connection ends; never rejects. */
  async function read(url: string, onOpen: () => void): Promise<Refusal> {
    try {
      const { status, headers, body } = await call(url, {
        headers: { accept: 'text/event-stream', ...authorization(options.token) },
        signal,
        answerMs: ANSWER_MS,
        silenceMs: SILENCE_MS,
      });
      if (status === 204) return { isFinal: false, reason: 'the run has ended', advice: '' };
      if (status !== 200) return refusalOf(url, status, headers, await textOf(body, MAX_PROBLEM_BYTES));
      if (!String(headers['content-type']).startsWith('text/event-stream')) {
        body.on('error', ignoreAbort).destroy();
        const advice = 'Is --url the address of a run-progress service, with its path?';
        return { isFinal: true, reason: `what answers at ${url} is no event stream`, advice };
      }
      onOpen();
      return await readEvents(body);
    } catch (error) {
      return networkRefusal(url, error);
    }
  }

  async function readEvents(body: Answer['body']): Promise<Refusal> {
    let retryAfterMs: number | undefined;
    const parser = createParser({
      onEvent: ({ event, data }) => {
        if (event === 'ping' && Number(data) > 0) options.onTime(Number(data));
        const message = event === undefined ? parseMessage(data) : undefined;
        if (message && !signal.aborted) options.onMessage(message);
      },
      onRetry: (ms) => {
        retryAfterMs = Math.min(ms, MAX_RETRY_MS);
      },
    });
    const decoder = new TextDecoder();
    let reason = 'the service closed the connection';
    try {
      for await (const bytes of body) parser.feed(decoder.decode(bytes, { stream: true }));
    } catch (error) {
      ({ reason } = networkRefusal(options.url, error));
    }
    return { isFinal: false, reason, advice: '', ...(retryAfterMs && { retryAfterMs }) };
  }

  const ended = new Promise<Refusal | null>((resolve) => {
    const parts = partsOf([...options.wanted().keys()]).map(async (part) => {
      const refusal = await keepReading(part);
      if (refusal === null) return;
      closing.abort();
      resolve(refusal);
    });
    void Promise.all(parts).then(() => resolve(null));
  });
  return { ended, close: () => closing.abort() };
}

/** One run has a stream that ends with it; several share one. */
function pathOf(wanted: readonly [string, number | null][]): string {
  const [first] = wanted;
  if (wanted.length === 1 && first) {
    const cursor = first[1] === null ? '' : `?last_event_id=${first[1]}`;
    return `/api/runs/${encodeURIComponent(first[0])}/events${cursor}`;
  }
  return `/api/events?${wanted.map(queryOf).join('&')}`;
}

function queryOf([runId, cursor]: [string, number | null]): string {
  return `run=${encodeURIComponent(runId)}${cursor === null ? '' : `&last_event_id=${cursor}`}`;
}

/** Runs whose names fit into one URL. */
function partsOf(runIds: readonly string[]): string[][] {
  const parts: string[][] = [];
  let length = Number.POSITIVE_INFINITY;
  for (const runId of runIds) {
    const added = queryOf([runId, Number.MAX_SAFE_INTEGER]).length + 1;
    if (length + added > MAX_QUERY_LENGTH) {
      parts.push([]);
      length = 0;
    }
    parts.at(-1)?.push(runId);
    length += added;
  }
  return parts;
}

/** An AbortError, or what a stream that is thrown away ends with. */
function ignoreAbort() {}
