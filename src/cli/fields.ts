// An update as people write it: options of the command line, or a line of JSON. Checked before anything is sent.
import { isObject } from '../runs/message.ts';
import { type BadField, parseUpdate, type Update } from '../runs/update.ts';
import { UsageError } from './command.ts';
import { numberOption } from './options.ts';

export const FIELD_OPTIONS = {
  state: { type: 'string' },
  progress: { type: 'string' },
  log: { type: 'string' },
  data: { type: 'string' },
  current: { type: 'string' },
  total: { type: 'string' },
  advance: { type: 'string' },
  attempt: { type: 'string' },
} as const;

export type FieldValues = { readonly [name in keyof typeof FIELD_OPTIONS]?: string | undefined };

/** The update that the options make, or null when none of them is given. Throws UsageError naming the bad one. */
export function updateOfOptions(values: FieldValues): Update | null {
  const given = {
    state: values.state,
    log: values.log,
    progress: progressOption(values.progress),
    data: dataOption(values.data),
    current: numberOption('--current', values.current),
    total: numberOption('--total', values.total),
    advance: numberOption('--advance', values.advance),
    attempt: numberOption('--attempt', values.attempt),
  };
  if (Object.values(given).every((value) => value === undefined)) return null;
  const { update, bad } = parseUpdate(given);
  if (bad.length > 0)
    throw new UsageError(bad.map(({ field, problem }) => `--${field} ${problem}`).join('; '));
  return update;
}

/** Of a line from stdin: an object of JSON is an update with its bad fields left out, anything else null. */
export function updateOfJson(line: string): { update: Update; bad: readonly BadField[] } | null {
  if (!line.startsWith('{')) return null;
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? parseUpdate(value) : null;
  } catch {
    // A SyntaxError: a line of text that begins with a brace.
    return null;
  }
}

/** `0.4`, or `40%`. */
function progressOption(text: string | undefined): number | undefined {
  if (text?.endsWith('%')) return (numberOption('--progress', text.slice(0, -1)) ?? 0) / 100;
  return numberOption('--progress', text);
}

function dataOption(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--data must be a JSON object: ${(error as SyntaxError).message}`);
  }
}
