// Publishing over HTTP: records the updates of a request, and answers with the events or the reasons why not.
import { randomBytes } from 'node:crypto';
import type { Latency } from '../runs/latency.ts';
import { MAX_MESSAGE_BYTES } from '../runs/message.ts';
import type { Recording } from '../runs/recording.ts';
import type { Outcome, Store } from '../runs/store.ts';
import type { BadField } from '../runs/update.ts';
import { createBodyRoom } from './body-room.ts';
import type { AddressOf } from './client-address.ts';
import { HttpProblem, problemBody } from './problem.ts';
import { MAX_BATCH, MAX_BODY_BYTES, type ParsedUpdate, parsePublishBody } from './publish-body.ts';
import type { Rate } from './rate-limit.ts';
import { readBody } from './request-body.ts';
import { runInPath } from './requested-run.ts';
import type { AnswerContext, Route } from './route.ts';

const JSON_HEADERS = { 'Content-Type': 'application/json; charset=utf-8' };
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

export interface PublishEndpointOptions {
  store: Store;
  /** Per `sub` of a token, or per client address. */
  rate: Rate;
  addressOf: AddressOf;
  published: PublishCounts;
  publishLatency: Latency;
}

/** What became of updates over HTTP. */
export type PublishCounts = Map<Outcome['status'] | 'bad-update', number>;

export function createPublishCounts(): PublishCounts {
  const outcomes = [
    'recorded',
    'repeat',
    'superseded',
    'rejected',
    'refused',
    'unknown',
    'bad-update',
  ] as const;
  return new Map(outcomes.map((outcome) => [outcome, 0]));
}

/** The server is a source of its own: a random name, and a counter. */
export function publishRoutes(options: PublishEndpointOptions): Route[] {
  const { store, rate, addressOf, published, publishLatency } = options;
  const source = `h${randomBytes(9).toString('base64url')}`;
  const bodyRoom = createBodyRoom();
  let n = 0;

  function recordingOf(runId: string, item: ParsedUpdate, key: string | undefined): Recording | HttpProblem {
    if (!item.ok) return problemOf(item);
    return { runId, update: item.update, name: { source, n: ++n }, ...(key !== undefined && { key }) };
  }

  async function recordAll(items: readonly (Recording | HttpProblem)[]): Promise<(Answer | HttpProblem)[]> {
    const recordings = items.filter((item): item is Recording => !(item instanceof HttpProblem));
    const since = performance.now();
    const outcomes = await store.record(recordings, { wantEvents: true });
    const tookMs = performance.now() - since;
    count('bad-update', items.length - recordings.length);
    for (const { status } of outcomes) {
      count(status);
      if (status === 'recorded') publishLatency.observe(tookMs);
    }
    let next = 0;
    return items.map((item) => (item instanceof HttpProblem ? item : answerOf(outcomes[next++])));
  }

  function count(outcome: Outcome['status'] | 'bad-update', times = 1) {
    published.set(outcome, (published.get(outcome) ?? 0) + times);
  }

  /** Rejects with 429. */
  async function checkRate({ request, permit }: AnswerContext, count: number) {
    const client = permit.subject ? `sub ${permit.subject}` : addressOf(request, request.socket);
    const seconds = await rate.take(client, count);
    if (seconds > 0) throw tooManyUpdates(seconds);
  }

  /**
   * Records the update in the body (201 with the event), or a batch of them, in order (200 with an answer each: one that
   * fails stops no other). An update whose key is in the history already is not recorded again: the answer is the first
   * one's event. Throws 400, 413, 415, 422 or 429 for the request as a whole, and for an update alone 422 or 503.
   */
  async function publish(context: AnswerContext) {
    const key = context.request.headers['idempotency-key']?.toString();
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key)) throw badKey();
    const body = await readBody(context.request, MAX_BODY_BYTES, bodyRoom);
    try {
      await publishText(context, body.text, key);
    } finally {
      body.letGo();
    }
  }

  async function publishText(context: AnswerContext, text: string, key: string | undefined) {
    const {
      response,
      runIds: [runId = ''],
    } = context;
    const parsed = parsePublishBody(runId, text);
    if (parsed.form === 'none') throw bodyProblem(parsed.fault);
    await checkRate(context, parsed.form === 'batch' ? parsed.items.length : 1);
    if (parsed.form === 'batch') {
      // A space is in no key that a client sends, so an update alone never bears the key of a batch's.
      const keyAt = (index: number) => key && `${key} ${index}`;
      const answers = await recordAll(parsed.items.map((item, i) => recordingOf(runId, item, keyAt(i))));
      response.writeHead(200, JSON_HEADERS).end(`{"events":[${answers.map(itemBody).join()}]}`);
      return;
    }
    const [answer] = await recordAll([recordingOf(runId, parsed.item, key)]);
    if (!answer || answer instanceof HttpProblem) throw answer;
    const replayed = answer.isReplayed && { 'Idempotent-Replayed': 'true' };
    response.writeHead(201, { ...JSON_HEADERS, ...replayed }).end(answer.event);
  }

  return [
    {
      method: 'POST',
      path: '/api/runs/:run_id/events',
      scope: 'publish',
      runsOf: runInPath,
      answer: publish,
    },
  ];
}

interface Answer {
  /** JSON. */
  event: string;
  isReplayed: boolean;
}

function itemBody(answer: Answer | HttpProblem): string {
  return answer instanceof HttpProblem ? problemBody(answer) : `{"status":201,"event":${answer.event}}`;
}

function tooManyUpdates(seconds: number): HttpProblem {
  return new HttpProblem(429, 'too-many-updates', 'Too many updates a second: see PUBLISH_RATE.', {
    headers: { 'Retry-After': String(seconds) },
  });
}

function badKey(): HttpProblem {
  return new HttpProblem(
    400,
    'bad-idempotency-key',
    'Idempotency-Key must be 1 to 255 visible ASCII characters.',
  );
}

function bodyProblem(fault: 'not-json' | 'too-large' | 'bad-batch'): HttpProblem {
  switch (fault) {
    case 'not-json':
      return new HttpProblem(400, 'not-json', 'The body is not JSON.');
    case 'too-large':
      return new HttpProblem(413, 'too-large', `An update may have ${MAX_MESSAGE_BYTES} bytes at most.`);
    case 'bad-batch':
      return new HttpProblem(422, 'bad-batch', `"events" must be an array of 1 to ${MAX_BATCH} updates.`);
  }
}

function problemOf(item: ParsedUpdate & { ok: false }): HttpProblem {
  if (item.fault === 'bad-fields')
    return new HttpProblem(422, 'bad-update', sentence(item.bad), { errors: item.bad });
  return new HttpProblem(422, 'bad-update', 'An update must be a JSON object.');
}

function sentence(bad: readonly BadField[]): string {
  return `${bad.map(({ field, problem }) => `${field} ${problem}`).join('; ')}. It was not recorded.`;
}

function answerOf(outcome: Outcome | undefined): Answer | HttpProblem {
  const event = outcome && 'event' in outcome ? outcome.event : undefined;
  if (event !== undefined) return { event, isReplayed: outcome?.status === 'repeat' };
  const reason = outcome && 'reason' in outcome ? outcome.reason : 'the store gave no answer';
  const headers = { 'Retry-After': '2' };
  switch (outcome?.status) {
    case 'superseded':
      return new HttpProblem(409, 'superseded', 'The run has seen a higher attempt. It was not recorded.');
    case 'rejected':
      return new HttpProblem(503, 'not-recorded', `The store refuses this run: ${reason}.`);
    case 'refused':
      return new HttpProblem(503, 'not-recorded', `It was not recorded: ${reason}.`, { headers });
    default:
      return new HttpProblem(503, 'outcome-unknown', `It may have been recorded, or not: ${reason}.`, {
        headers,
      });
  }
}
