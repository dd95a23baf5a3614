// `run-progress exec`: runs a command and reports what it prints, that it lives, and how it ended. Whatever happens to the
// reporting, the command runs as it would without.
import { createHeartbeat } from '../publish/heartbeat.ts';
import { type Command, UsageError, type World } from './command.ts';
import { EXIT } from './exit-code.ts';
import { FIELD_OPTIONS, updateOfOptions } from './fields.ts';
import { durationMs, parseOptions, runId } from './options.ts';
import { reportOutput } from './report-output.ts';
import { createSink, SINK_USAGE, unrecorded } from './sink.ts';
import { endOf, startCommand } from './started-command.ts';

const usage = `Usage: run-progress exec RUN [options] -- COMMAND [ARGUMENTS]

Runs the command. Each line that it prints is passed on, and a line of the run's
log; one that holds progress, as [3/20] or 15 % or the bars of tqdm, ffmpeg, apt and
pytest, moves the bar. While it prints nothing a sign of life is sent every 30 s, after
an hour every 5 min. It ends the run as it ended, END or FAILED, and answers with its
exit code. Signals are passed on to it. Where nothing can be reported it runs all the
same.

  --state STATE      the state while it runs (default: RUNNING)
  --end-state STATE  the state after exit code 0 (default: END)
  --failed-state STATE   the state after any other (default: FAILED)
  --attempt N        a higher one begins the run anew
  --no-log           report progress, but no lines
  --heartbeat TIME   how long it may be silent before a sign of life (default: 30s)
  --flush TIME       how long to try to report the end (default: 10s)
${SINK_USAGE}

Exit code: the command's; 126 or 127 if it can't be started; 128 and the signal's
number if a signal ended it; 2 wrong usage.

  run-progress exec nightly-$(date +%F) -- ./backup.sh
  run-progress exec build-42 -- ninja -C out
`;

const OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  state: { type: 'string', default: 'RUNNING' },
  'end-state': { type: 'string', default: 'END' },
  'failed-state': { type: 'string', default: 'FAILED' },
  attempt: FIELD_OPTIONS.attempt,
  'no-log': { type: 'boolean', default: false },
  heartbeat: { type: 'string', default: '30s' },
  flush: { type: 'string', default: '10s' },
} as const;

export const exec: Command = { usage, run };

async function run(args: readonly string[], world: World): Promise<number> {
  const at = args.indexOf('--');
  if (at === -1) throw new UsageError('names no command: run-progress exec RUN -- COMMAND');
  const { values, positionals } = parseOptions(args.slice(0, at), OPTIONS);
  const [command, ...commandArgs] = args.slice(at + 1);
  const [name, ...rest] = positionals;
  if (command === undefined) throw new UsageError('names no command after the --');
  if (name === undefined || rest.length > 0) throw new UsageError('must name one run before the --');
  const begin = updateOfOptions({ state: values.state, attempt: values.attempt }) ?? {};
  const states = { end: values['end-state'], failed: values['failed-state'] };
  for (const state of Object.values(states)) updateOfOptions({ state });
  const heartbeatMs = durationMs('--heartbeat', values.heartbeat);
  const flushMs = durationMs('--flush', values.flush);

  const warn = (text: string) => world.stderr.write(`run-progress: ${text}\n`);
  const sink = await createSink({ runId: runId(name), values, env: world.env, onWarning: warn });
  sink.publish(begin);
  const heartbeat = createHeartbeat(heartbeatMs, () => sink.publish({}));
  const report = reportOutput({
    hasLog: !values['no-log'],
    publish: (update) => {
      heartbeat.restart();
      sink.publish(update);
    },
  });
  const end = endOf(await startCommand(command, commandArgs, world, report), command);
  heartbeat.stop();
  report.end();
  if (end.isSpawnError) warn(end.reason);
  sink.publish(
    end.exitCode === EXIT.ok ? { state: states.end, progress: 1 } : { state: states.failed, log: end.reason },
  );
  if (!(await sink.flush(flushMs))) warn(unrecorded(sink));
  await sink.close();
  return end.exitCode;
}
