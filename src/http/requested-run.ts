// The runs that a request names, and the cursor of each.
import { type Cursor, parseCursor, SNAPSHOT } from '../runs/cursor.ts';
import { parseRunId } from '../runs/run-id.ts';
import type { RequestHead } from './plain-head.ts';
import { HttpProblem } from './problem.ts';
import type { Matched } from './route.ts';

/** A run that a reader wants, and its cursor. */
export interface WantedRun {
  runId: string;
  cursor: Cursor;
}

/** `runsOf` of a route whose path has `:run_id`. Throws 400. */
export function runInPath({ params }: Matched): [string] {
  return [runIdOf(params.get('run_id'))];
}

/** The cursor is in the header, or in the query, where a page can't set a header. */
export function wantedRun(
  head: RequestHead,
  query: URLSearchParams,
  [runId = '']: readonly string[],
): WantedRun {
  const header = head.headers['last-event-id']?.toString();
  return { runId, cursor: parseCursor(header || query.get('last_event_id') || query.get('lastEventId')) };
}

/** `?run=A&last_event_id=17&run=B`: a cursor belongs to the run before it. A run that comes twice is wanted once. Throws 400. */
export function wantedRuns(query: URLSearchParams): WantedRun[] {
  const wanted = new Map<string, WantedRun>();
  let newest: WantedRun | undefined;
  for (const [name, value] of query) {
    if (name === 'run') {
      const runId = runIdOf(value);
      newest = wanted.get(runId) ?? { runId, cursor: SNAPSHOT };
      wanted.set(runId, newest);
    } else if (name === 'last_event_id' || name === 'lastEventId') {
      if (!newest)
        throw new HttpProblem(400, 'no-run', `${name} belongs to the run before it: ?run=A&${name}=1.`);
      newest.cursor = parseCursor(value);
    }
  }
  if (wanted.size > 0) return [...wanted.values()];
  throw new HttpProblem(400, 'no-run', 'Name at least one run: ?run=A&run=B.');
}

function runIdOf(text: string | undefined): string {
  const parsed = parseRunId(text);
  if ('runId' in parsed) return parsed.runId;
  throw new HttpProblem(400, 'bad-run-id', `The run id ${parsed.problem}.`);
}
