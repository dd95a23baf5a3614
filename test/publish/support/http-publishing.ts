// Publishing over HTTP as a program with keys would, and a look at what has become of it.
import { type PublishAnswer, publishAnswer } from '../../support/publish.ts';
import type { Service } from '../../support/service.ts';

export interface Answer extends PublishAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service answers
  body: any;
}

/** An update, or a batch of them. */
export function post(service: Service, runId: string, body: object, key?: string): Promise<Answer> {
  return publishAnswer(service, runId, body, key === undefined ? {} : { 'Idempotency-Key': key });
}

export async function logsOf(service: Service, runId: string): Promise<string[]> {
  const response = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}`);
  const { logs } = (await response.json()) as { logs: string[] };
  return logs;
}
