// The body of a request that publishes: an update without `run_id`, as the path names the run.
import { isObject, parseTolerantJson } from '../runs/message.ts';
import { parseRunId } from '../runs/run-id.ts';
import { type BadField, parseUpdate, type Update } from '../runs/update.ts';

export type ParsedBody =
  | { ok: true; update: Update }
  | { ok: false; fault: 'not-json' | 'not-an-object' }
  | { ok: false; fault: 'bad-fields'; bad: BadField[] };

/** Unlike on the raw channel one bad field refuses the whole: here is somebody to tell. */
export function parsePublishBody(runId: string, body: string): ParsedBody {
  const value = parseTolerantJson(body);
  if (value === undefined) return { ok: false, fault: 'not-json' };
  if (!isObject(value)) return { ok: false, fault: 'not-an-object' };
  const { update, bad } = parseUpdate(value);
  const named = value.run_id ?? null;
  if (named !== null && !isSameRun(named, runId))
    bad.push({ field: 'run_id', problem: 'must be that of the path, or left out' });
  return bad.length > 0 ? { ok: false, fault: 'bad-fields', bad } : { ok: true, update };
}

function isSameRun(named: unknown, runId: string): boolean {
  const parsed = parseRunId(named);
  return 'runId' in parsed && parsed.runId === runId;
}
