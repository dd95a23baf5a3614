// Updates to a service by HTTP: in batches, each with a key, so that one whose answer was lost is repeated safely.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createBacklog } from '../publish/backlog.ts';
import type { Update } from '../runs/update.ts';
import { call, textOf } from './http-call.ts';
import { networkRefusal, type Refusal, refusalOf, sentencesOf } from './http-refusal.ts';
import { authorization, type ServiceAddress } from './options.ts';
import type { Sink } from './sink.ts';

export interface HttpSinkOptions extends ServiceAddress {
  runId: string;
  terminalStates: readonly string[];
  onWarning(warning: string): void;
}

/** The service takes 100 updates and 1 MiB in a request. */
const MAX_BATCH = 100;
const MAX_BATCH_LENGTH = 256 * 1024;
/** Beyond it the oldest are folded, log lines last of all. */
const MAX_WAITING = 1000;
const RETRY_MS = 250;
const MAX_RETRY_MS = 5000;
const ANSWER_MS = 10_000;
/** Of 100 events, each with its data and its line: whatever is longer is no service of ours. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export function createHttpSink({ url, token, runId, terminalStates, onWarning }: HttpSinkOptions): Sink {
  const target = `${url}/api/runs/${encodeURIComponent(runId)}/events`;
  const backlog = createBacklog({ mostPerRun: MAX_WAITING, terminalStates });
  const closing = new AbortController();
  let sending: Promise<void> | undefined;
  let isComplete = true;
  let isWarned = false;

  async function drain() {
    for (let batch = takeBatch(); batch.length > 0 && !closing.signal.aborted; batch = takeBatch()) {
      if (!(await deliver(JSON.stringify({ events: batch })))) isComplete = false;
    }
    sending = undefined;
  }

  /** One update is always taken, however long. */
  function takeBatch(): Update[] {
    const batch: Update[] = [];
    for (let length = 0; batch.length < MAX_BATCH && length < MAX_BATCH_LENGTH; ) {
      const [taken] = backlog.take(1);
      if (taken === undefined) break;
      length += JSON.stringify(taken.update).length;
      batch.push(taken.update);
    }
    return batch;
  }

  /** Tries on until it is recorded, or refused for good: then false. */
  async function deliver(body: string): Promise<boolean> {
    const key = randomUUID();
    for (let retryMs = RETRY_MS; !closing.signal.aborted; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      const refusal = await post(body, key);
      if (refusal === null) {
        isWarned = false;
        return true;
      }
      if (!isWarned) onWarning(refusal.isFinal ? sentencesOf(refusal) : `${refusal.reason}; trying again`);
      isWarned = true;
      if (refusal.isFinal) return false;
      const waitMs = refusal.retryAfterMs ?? retryMs * (0.5 + Math.random());
      await pause(waitMs, undefined, { signal: closing.signal }).catch(ignoreAbort);
    }
    return false;
  }

  async function post(body: string, key: string): Promise<Refusal | null> {
    try {
      const answer = await call(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key, ...authorization(token) },
        body,
        signal: closing.signal,
        answerMs: ANSWER_MS,
        silenceMs: ANSWER_MS,
      });
      const text = await textOf(answer.body, MAX_ANSWER_BYTES);
      if (answer.status !== 200) return refusalOf(target, answer.status, answer.headers, text);
      return refusedOf(target, text);
    } catch (error) {
      // What has no such host now may have one later: a job runs for hours.
      return { ...networkRefusal(target, error), isFinal: false };
    }
  }

  return {
    target: url,
    // A refusal has said already what to do.
    get advice() {
      return isComplete
        ? `Is the service running there? run-progress doctor ${url} finds out what is wrong.`
        : '';
    },
    publish: (update) => {
      backlog.push(runId, update);
      sending ??= drain();
    },
    flush: async (timeoutMs) => {
      const timeout = new AbortController();
      const late = pause(timeoutMs, true, { signal: timeout.signal }).catch(() => false);
      const isLate = await Promise.race([late, sending?.then(() => false) ?? false]);
      timeout.abort();
      return !isLate && isComplete;
    },
    close: async () => closing.abort(),
  };
}

/** Of a batch that was answered: null, or why an update of it isn't recorded. One that can be repeated comes first. */
function refusedOf(target: string, body: string): Refusal | null {
  const { events } = JSON.parse(body) as { events: { status: number; detail?: string }[] };
  const refused = events.filter(({ status }) => status !== 201).sort((a, b) => b.status - a.status)[0];
  return refused === undefined ? null : refusalOf(target, refused.status, {}, JSON.stringify(refused));
}

/** An AbortError: the sink is closed. */
function ignoreAbort() {}
