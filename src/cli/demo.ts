// `run-progress demo`: publishes the stages of a made-up video as a worker would, so that a person sees something move.
import { setTimeout as wait } from 'node:timers/promises';
import pipeline from '../../public/pipeline.json' with { type: 'json' };
import { type Command, UsageError, type World } from './command.ts';
import { EXIT } from './exit-code.ts';
import { parseOptions, runId } from './options.ts';
import { createSink, SINK_USAGE, unrecorded } from './sink.ts';

const usage = `Usage: run-progress demo [options]

Publishes a run of 14 updates over 20 seconds.

  --run RUN      default: the time and a name
  --seconds N    how long the run takes (default: 20)
${SINK_USAGE}

  run-progress demo
  REDIS_URL=redis://localhost:6379 run-progress demo --seconds 60
`;

const OPTIONS = {
  run: { type: 'string' },
  seconds: { type: 'string', default: '20' },
  url: { type: 'string' },
  token: { type: 'string' },
} as const;

const FLUSH_MS = 10_000;

export const demo: Command = { usage, run };

async function run(args: readonly string[], { env, stdout, stderr }: World): Promise<number> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (positionals.length > 0)
    throw new UsageError(`does not know what "${positionals[0]}" is: --run names a run`);
  const seconds = Number(values.seconds);
  if (!(seconds >= 0 && seconds <= 86_400))
    throw new UsageError('--seconds must be a number from 0 to 86400');
  const name = runId(values.run ?? `${timeStamp(new Date())}_우주여행고양이`);
  const warn = (text: string) => stderr.write(`run-progress: ${text}\n`);
  const sink = await createSink({ runId: name, values, env, onWarning: warn });
  stdout.write(`run ${name}, published to ${sink.target}\nwatch it: run-progress watch ${name}\n\n`);
  for (const [i, step] of pipeline.entries()) {
    if (i > 0) await wait((seconds * 1000) / (pipeline.length - 1));
    sink.publish(step);
    const percent = String(Math.round(step.progress * 100)).padStart(3);
    stdout.write(`${percent} %  ${step.state.padEnd(16)}  ${step.log}\n`);
  }
  const isRecorded = await sink.flush(FLUSH_MS);
  await sink.close();
  if (isRecorded) return EXIT.ok;
  warn(unrecorded(sink));
  return EXIT.unreachable;
}

function timeStamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}
