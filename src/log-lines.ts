// Logs for a person at a terminal: a line each, instead of pino's JSON.
import { Writable } from 'node:stream';

const LEVELS = new Map([
  [10, 'trace'],
  [20, 'debug'],
  [30, 'info '],
  [40, 'WARN '],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);

const CONTROL = /\p{Cc}/u;

/** A destination for pino that writes `12:34:56 WARN  message  name=value` to `write`. */
export function createLogLines(write: (line: string) => void): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(formatLogLine(JSON.parse(chunk.toString())));
      done();
    },
  });
}

/** Exported for its test: one pino record as a line. */
export function formatLogLine(record: Record<string, unknown>): string {
  const { level, time, msg, err, ...rest } = record;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const shown = (value: unknown) =>
    typeof value === 'string' && !CONTROL.test(value) ? value : JSON.stringify(value);
  const details = Object.entries(rest).map(([name, value]) => `  ${name}=${shown(value)}`);
  const stack = err instanceof Object && 'stack' in err ? `\n${err.stack}` : '';
  return withoutControls(
    `${clock} ${LEVELS.get(Number(level)) ?? level} ${msg}${details.join('')}${stack}\n`,
  );
}

/** A worker's text must not drive the terminal. JSON escapes the C0 controls alone, a stack none. */
function withoutControls(line: string): string {
  return line.replace(
    /[^\P{Cc}\n]/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
