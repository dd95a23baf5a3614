// Publishing over HTTP, as a program would.
import assert from 'node:assert/strict';
import { request } from 'undici';
import type { ProgressMessage } from './messages.ts';
import type { Service } from './service.ts';

export interface PublishAnswer {
  status: number;
  /** It says that this is the answer to an earlier request with the same key. */
  replayed: boolean;
  /** The recorded event, or the problem. */
  body: ProgressMessage & { code?: string };
}

export async function publishAnswer(
  service: Pick<Service, 'eventsUrl'>,
  runId: string,
  update: object,
  headers: Record<string, string> = {},
  timeoutMs = 30_000,
): Promise<PublishAnswer> {
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(service.eventsUrl(runId), {
    method: 'POST',
    body: JSON.stringify(update),
    headers,
    signal: AbortSignal.timeout(timeoutMs),
  });
  return {
    status: statusCode,
    replayed: answered['idempotent-replayed'] === 'true',
    body: JSON.parse(await body.text()),
  };
}

/** The recorded event. */
export async function publish(service: Service, runId: string, update: object): Promise<ProgressMessage> {
  const { status, body } = await publishAnswer(service, runId, update);
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}

/** One after another: the recorded events, in order. */
export async function publishAll(service: Service, runId: string, updates: readonly object[]) {
  const events: ProgressMessage[] = [];
  for (const update of updates) events.push(await publish(service, runId, update));
  return events;
}
