// `run-progress publish`: reports an update, or the lines of stdin.
import { createInterface } from 'node:readline';
import type { Update } from '../runs/update.ts';
import { type Command, UsageError, type World } from './command.ts';
import { EXIT } from './exit-code.ts';
import { FIELD_OPTIONS, updateOfJson, updateOfOptions } from './fields.ts';
import { createLineProgress } from './line-progress.ts';
import { durationMs, parseOptions, runId } from './options.ts';
import { createSink, SINK_USAGE, type Sink, unrecorded } from './sink.ts';

const usage = `Usage: run-progress publish RUN [options]
       … | run-progress publish RUN [-] [options]

Reports an update of a run. Without an update (or with a -) it reads stdin: a line
is a line of the log, one like [3/20] or 15% is progress as well, and an object of
JSON is an update. The end of stdin doesn't end the run, as it doesn't tell how the
command before the pipe ended: "run-progress exec" knows that.

  --state STATE      the stage; END and FAILED end the run
  --progress NUMBER  0.4, or 40%
  --current N --total N   as 12 of 40
  --advance N        adds to the run's current
  --log TEXT         a line for people
  --data JSON        an object: whatever your page wants
  --attempt N        a higher one begins the run anew
  --timeout TIME     how long to try (default: 30s)
${SINK_USAGE}

Exit code: 0 recorded, 2 wrong usage, 3 not recorded.

  run-progress publish backup --state COPY --progress 40% --log 'photos done'
  run-progress publish backup --state END --progress 1 --data '{"url":"/b.tar"}'
  rsync -av --info=progress2 a b | run-progress publish backup
`;

const OPTIONS = {
  ...FIELD_OPTIONS,
  url: { type: 'string' },
  token: { type: 'string' },
  timeout: { type: 'string', default: '30s' },
} as const;

export const publish: Command = { usage, run };

async function run(args: readonly string[], world: World): Promise<number> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  const [name, source, ...rest] = positionals;
  if (name === undefined) throw new UsageError('names no run: run-progress publish RUN');
  if ((source !== undefined && source !== '-') || rest.length > 0)
    throw new UsageError(
      `does not know what "${source}" is: a log line is --log "${positionals.slice(1).join(' ')}"`,
    );
  const update = updateOfOptions(values);
  const timeoutMs = durationMs('--timeout', values.timeout);
  const isPiped = source === '-' || update === null;
  if (isPiped && source !== '-' && world.stdin.isTTY)
    throw new UsageError('needs an update, as --progress 0.4 or --log TEXT, or lines on stdin');
  const warn = (text: string) => world.stderr.write(`run-progress: ${text}\n`);
  const sink = await createSink({ runId: runId(name), values, env: world.env, onWarning: warn });
  if (update) sink.publish(update);
  if (isPiped) await publishLines(world, sink, warn);
  const isRecorded = await sink.flush(timeoutMs);
  await sink.close();
  if (isRecorded) return EXIT.ok;
  warn(unrecorded(sink));
  return EXIT.unreachable;
}

/** Until stdin ends. With nothing on it one empty update says that the job lives. */
async function publishLines({ stdin }: World, sink: Sink, warn: (text: string) => void) {
  const progressOf = createLineProgress();
  let isEmpty = true;
  for await (const line of createInterface({ input: stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    isEmpty = false;
    sink.publish(updateOfLine(line));
  }
  if (isEmpty) sink.publish({});

  function updateOfLine(line: string): Update {
    const json = updateOfJson(line);
    if (json === null) return { log: line, ...progressOf(line) };
    for (const { field, problem } of json.bad) warn(`${field} ${problem}: it is left out`);
    return json.update;
  }
}
