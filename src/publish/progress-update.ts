// What a program hands to the Node publisher, made into a valid update that nobody else can change.
import type { JsonObject } from '../runs/json-text.ts';
import { isObject } from '../runs/message.ts';
import { parseUpdate } from '../runs/update.ts';
import type { Waiting } from './fold.ts';

/** A field that is absent, null or undefined leaves the run's value as it is. */
export interface ProgressUpdate {
  /** 1 to 64 characters, no control characters. */
  state?: string | null | undefined;
  /** 0 to 1. */
  progress?: number | null | undefined;
  /** A line for people; cut after 8,192 characters. */
  log?: string | null | undefined;
  /** Up to 16 KiB as JSON. */
  data?: Readonly<Record<string, unknown>> | null | undefined;
  /** Counters, as 3 of 20, in place of `progress`: the run's progress becomes current ÷ total. */
  current?: number | null | undefined;
  total?: number | null | undefined;
  /** Adds to the run's `current`, once, also from many processes. */
  advance?: number | null | undefined;
  /** A whole number. A higher one begins the run anew; what then comes of a lower one is not recorded. */
  attempt?: number | null | undefined;
  /** 1 to 255 visible ASCII characters or spaces: left out if the run's history has an update with this key. */
  key?: string | null | undefined;
}

const KEY = /^[ -~]{1,255}$/;

/** The valid fields, and what is wrong with the others. `data` is copied, as it is sent later. */
export function parseProgressUpdate(given: ProgressUpdate): { update: Waiting; problems: string[] } {
  if (!isObject(given)) return { update: {}, problems: ['the update must be an object'] };
  const { data, key, ...rest } = given;
  const parsed = parseUpdate(rest);
  const update: Waiting = parsed.update;
  const problems = parsed.bad.map(({ field, problem }) => `${field} ${problem}`);
  if (update.log === '') delete update.log;
  const copied = copyData(data);
  if (typeof copied === 'string') problems.push(`data ${copied}`);
  else if (copied) update.data = copied;
  if (typeof key === 'string' && KEY.test(key)) update.key = key;
  else if (key !== undefined && key !== null)
    problems.push('key must be 1 to 255 characters of visible ASCII');
  return { update, problems };
}

function copyData(data: unknown): JsonObject | undefined | string {
  try {
    // Looked at twice: JSON.stringify would write NaN as null, and a toJSON may make something else of an object.
    const { bad } = parseUpdate({ data });
    const copied = bad.length > 0 ? { bad } : parseUpdate({ data: JSON.parse(JSON.stringify(data ?? null)) });
    return copied.bad[0]?.problem ?? ('update' in copied ? copied.update.data : undefined);
  } catch {
    // A TypeError for a bigint, a SyntaxError for a toJSON that gives nothing, or whatever it throws.
    return 'must be JSON';
  }
}
