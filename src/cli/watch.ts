// `run-progress watch`: follows runs to their end, and answers with it.
import { visibleText } from '../delivery/text-lines.ts';
import { type Command, UsageError, type World } from './command.ts';
import { type EndRule, EXIT, exitCodeOf } from './exit-code.ts';
import { type Follow, follow } from './follow.ts';
import { sentencesOf } from './http-refusal.ts';
import {
  durationMs,
  parseOptions,
  runIds,
  SERVICE_OPTIONS,
  SERVICE_USAGE,
  serviceAddress,
} from './options.ts';
import {
  createJsonLines,
  createLines,
  createScreen,
  createSilence,
  type WatchOutput,
} from './watch-output.ts';
import { afterMessage, atTime, type WatchedRun, watchedRun } from './watched-runs.ts';

const usage = `Usage: run-progress watch RUN… [options]

Follows runs until they end: a live bar for each in a terminal, a line per event
in a pipe. It resumes after every outage where it was. A run that nobody has
heard of has not started yet: it waits for that.

  --all                  end when all runs have ended (the default)
  --any                  end when one of them has
  --timeout TIME         give up after 90, 90s, 15m or 2h
  --from-start           show all that is kept of a run, from its oldest event
  --json                 a JSON message per line, as the service sends it
  --quiet, -q            show nothing: only the exit code
  --failed-states LIST   states that mean a run failed (default: FAILED)
${SERVICE_USAGE}

Exit code: 0 all ended well, 1 one failed, 2 wrong usage, 3 the service can't be
reached or refuses, 124 timeout, 130 Ctrl-C.

  run-progress watch 20251105_1430_우주여행고양이
  run-progress watch build-42 --timeout 30m && ./deploy.sh
  run-progress watch a b c --any --quiet
  run-progress watch a --json | jq -r .state
`;

const OPTIONS = {
  ...SERVICE_OPTIONS,
  all: { type: 'boolean' },
  any: { type: 'boolean' },
  timeout: { type: 'string' },
  'from-start': { type: 'boolean' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  'failed-states': { type: 'string', default: 'FAILED' },
} as const;

/** A terminal is drawn at most so often, and this often while nothing comes: the time left goes on. */
const DRAW_MS = 100;
const TICK_MS = 1000;

export const watch: Command = { usage, run };

function run(args: readonly string[], world: World): Promise<number> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (positionals.length === 0) throw new UsageError('names no run: run-progress watch RUN');
  if (values.all && values.any) throw new UsageError('--all and --any exclude each other');
  const ids = runIds(positionals);
  const { stdout, stderr, env } = world;
  const failedStates = values['failed-states'].split(',').map((state) => state.trim());
  const isWhole = values['from-start'] ?? false;
  const isScreen = stdout.isTTY === true && env.TERM !== 'dumb';
  const create = values.quiet
    ? createSilence
    : values.json
      ? createJsonLines
      : isScreen
        ? createScreen
        : createLines;
  const output = create({ stdout, stderr, env, runIds: ids, failedStates, isWhole });
  const timeoutMs = values.timeout === undefined ? undefined : durationMs('--timeout', values.timeout);
  const rule = { any: values.any ?? false, failedStates };
  return watchRuns(ids, { world, output, timeoutMs, isWhole, rule, address: serviceAddress(values, env) });
}

interface WatchOptions {
  world: World;
  output: WatchOutput;
  timeoutMs: number | undefined;
  isWhole: boolean;
  rule: EndRule;
  address: ReturnType<typeof serviceAddress>;
}

function watchRuns(ids: readonly string[], options: WatchOptions): Promise<number> {
  const { world, output, timeoutMs, isWhole, rule, address } = options;
  const runs = new Map<string, WatchedRun>(ids.map((runId) => [runId, watchedRun(runId)]));
  let offsetMs = 0;
  let drawing: NodeJS.Timeout | undefined;

  function draw() {
    clearTimeout(drawing);
    drawing = undefined;
    const now = Date.now() + offsetMs;
    for (const [runId, watched] of runs) runs.set(runId, atTime(watched, now));
    output.refresh([...runs.values()], now);
  }

  function drawSoon() {
    drawing ??= setTimeout(draw, DRAW_MS);
  }

  return new Promise((resolve) => {
    function end(code: number, why?: string) {
      connection.close();
      clearInterval(ticking);
      clearTimeout(timeout);
      for (const name of ['SIGINT', 'SIGTERM'] as const) world.signals.off(name, onSignal);
      world.stdout.off('resize', drawSoon);
      draw();
      if (why) world.stderr.write(`run-progress: ${why}\n`);
      resolve(code);
    }

    function onSignal(name: NodeJS.Signals) {
      end(name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated, 'stopped watching; the run itself goes on');
    }

    const connection: Follow = follow({
      ...address,
      wanted: () => cursorsOf(runs, isWhole),
      onMessage: (message) => {
        const before = runs.get(message.run_id.normalize('NFC'));
        if (before === undefined) return;
        const after = afterMessage(before, message);
        if (after === before) return;
        runs.set(after.runId, after);
        output.message(before, after, message);
        const code = exitCodeOf([...runs.values()], rule);
        if (code === null) drawSoon();
        else end(code);
      },
      onStatus: (status) => {
        output.status(status);
        drawSoon();
      },
      onTime: (now) => {
        offsetMs = now - Date.now();
      },
    });
    const ticking = setInterval(draw, TICK_MS);
    const timeout =
      timeoutMs === undefined
        ? undefined
        : setTimeout(
            () => end(EXIT.timeout, `gave up after ${timeoutMs / 1000} s: ${standOf(runs)}`),
            timeoutMs,
          );
    for (const name of ['SIGINT', 'SIGTERM'] as const) world.signals.on(name, onSignal);
    world.stdout.on('resize', drawSoon);
    draw();
    void connection.ended.then((refusal) => {
      if (refusal) end(EXIT.unreachable, sentencesOf(refusal));
    });
  });
}

/** Of the runs that go on. With `isWhole` a run begins with its oldest event: cursor 0. */
function cursorsOf(runs: ReadonlyMap<string, WatchedRun>, isWhole: boolean): Map<string, number | null> {
  const open = [...runs.values()].filter(({ run }) => !run.done);
  return new Map(open.map(({ runId, run }) => [runId, run.id > 0 ? run.id : isWhole ? 0 : null]));
}

function standOf(runs: ReadonlyMap<string, WatchedRun>): string {
  const open = [...runs.values()].filter(({ run }) => !run.done);
  return open
    .map(
      ({ runId, run }) =>
        `${runId} ${run.id === 0 ? 'has not started' : `is at ${visibleText(run.state ?? 'no state')}`}`,
    )
    .join(', ');
}
