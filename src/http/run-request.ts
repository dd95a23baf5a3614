// From a request to the run that it is about.
import { type Cursor, parseCursor } from '../runs/cursor.ts';
import { type Hub, type OpenOptions, TooManyRuns } from '../runs/hub.ts';
import type { Run } from '../runs/run.ts';
import { parseRunId } from '../runs/run-id.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';

/** How long a reader waits for a store that is away, before its stream opens without it, or its poll gets a 503. */
const PATIENCE_MS = 2000;

/** Throws 503 when too many runs are open. */
export async function openRun(
  hub: Hub,
  runId: string,
  options: Omit<OpenOptions, 'patienceMs'> = {},
): Promise<Run> {
  try {
    return await hub.open(runId, { ...options, patienceMs: PATIENCE_MS });
  } catch (error) {
    if (!(error instanceof TooManyRuns)) throw error;
    throw new HttpProblem(503, 'too-many-runs', `${error.message}.`, { headers: { 'Retry-After': '5' } });
  }
}

/** Throws 400. */
export function runIdOf(text: string | undefined): string {
  const parsed = parseRunId(text);
  if ('runId' in parsed) return parsed.runId;
  throw new HttpProblem(400, 'bad-run-id', `The run id ${parsed.problem}.`);
}

/** What the reader had last: by the header, or where a page can't set one by the query. */
export function cursorOf(head: RequestHead, query: URLSearchParams): Cursor {
  return parseCursor(
    headerOf(head, 'last-event-id') || query.get('last_event_id') || query.get('lastEventId'),
  );
}

export function headerOf({ headers }: RequestHead, name: string): string | undefined {
  const header = headers[name];
  return Array.isArray(header) ? header.join() : header;
}
