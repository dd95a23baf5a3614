// Publishing over HTTP as a program with keys would, and a look at what has become of it.
import type { RunningService } from './service.ts';

export interface Answer {
  status: number;
  replayed: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service answers
  body: any;
}

export async function post(
  service: RunningService,
  runId: string,
  body: unknown,
  key?: string,
): Promise<Answer> {
  const response = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}/events`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key !== undefined && { 'Idempotency-Key': key }) },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    status: response.status,
    replayed: response.headers.get('Idempotent-Replayed') === 'true',
    body: await response.json(),
  };
}

export async function logsOf(service: RunningService, runId: string): Promise<string[]> {
  const response = await fetch(`${service.url}/api/runs/${encodeURIComponent(runId)}`);
  const { logs } = (await response.json()) as { logs: string[] };
  return logs;
}
