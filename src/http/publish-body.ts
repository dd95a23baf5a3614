// The body of a request that publishes: an update without `run_id`, as the path names the run, or a batch of them.
import { isObject, MAX_MESSAGE_BYTES, parseTolerantJson } from '../runs/message.ts';
import { parseRunId } from '../runs/run-id.ts';
import { type BadField, parseUpdate, type Update } from '../runs/update.ts';

/** What a batch may have; an update alone has MAX_MESSAGE_BYTES. */
export const MAX_BODY_BYTES = 1024 * 1024;
export const MAX_BATCH = 100;

export type ParsedUpdate =
  | { ok: true; update: Update }
  | { ok: false; fault: 'not-an-object' }
  | { ok: false; fault: 'bad-fields'; bad: BadField[] };

export type ParsedBody =
  | { form: 'update'; item: ParsedUpdate }
  | { form: 'batch'; items: ParsedUpdate[] }
  | { form: 'none'; fault: 'not-json' | 'too-large' | 'bad-batch' };

/** `{"events":[…]}` is a batch: no update has a field of that name. */
export function parsePublishBody(runId: string, body: string): ParsedBody {
  const value = parseTolerantJson(body);
  if (value === undefined) return { form: 'none', fault: 'not-json' };
  const events = isObject(value) ? (value.events ?? null) : null;
  if (events === null) {
    if (Buffer.byteLength(body) > MAX_MESSAGE_BYTES) return { form: 'none', fault: 'too-large' };
    return { form: 'update', item: parseItem(runId, value) };
  }
  if (!Array.isArray(events) || events.length === 0 || events.length > MAX_BATCH)
    return { form: 'none', fault: 'bad-batch' };
  return { form: 'batch', items: events.map((item) => parseItem(runId, item)) };
}

/** Unlike on the raw channel, one bad field refuses the whole update: here the sender can be told. */
function parseItem(runId: string, value: unknown): ParsedUpdate {
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
