// Publishing over HTTP, as a program would.
import assert from 'node:assert/strict';
import { request } from 'undici';
import type { ProgressMessage } from './messages.ts';
import type { Service } from './service.ts';

/** The recorded event. */
export async function publish(service: Service, runId: string, update: object): Promise<ProgressMessage> {
  const { statusCode, body } = await request(service.eventsUrl(runId), {
    method: 'POST',
    body: JSON.stringify(update),
  });
  const text = await body.text();
  assert.equal(statusCode, 201, text);
  return JSON.parse(text);
}

/** One after another: the recorded events, in order. */
export async function publishAll(service: Service, runId: string, updates: readonly object[]) {
  const events: ProgressMessage[] = [];
  for (const update of updates) events.push(await publish(service, runId, update));
  return events;
}
