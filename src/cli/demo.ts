// Publishes the stages of a made-up video as a worker would, so that a person sees something move.
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import pipeline from '../../public/pipeline.json' with { type: 'json' };

const USAGE = `Usage: npm run demo -- [--server URL | --redis URL] [--run RUN_ID] [--seconds N]

Publishes a run of 14 updates over 20 seconds.
  --server URL   over HTTP, to a running service (default: http://localhost:8000)
  --redis URL    by PUBLISH, as a worker does (default: $REDIS_URL, if set)
  --run RUN_ID   default: the time and a name
  --seconds N    how long the run takes (default: 20)
`;

interface Step {
  state: string;
  progress: number;
  log: string;
}

type Publish = (update: Step & { run_id: string }) => Promise<void>;

const { server, redis, run, seconds } = readArguments();
const runId = run ?? `${timeStamp(new Date())}_우주여행고양이`;
const { publish, close, target, watchAt } = redis ? overRedis(redis) : overHttp(server);
print(`run ${runId}, published to ${target}`);
print(`watch it: curl -N ${watchAt}/api/runs/${encodeURIComponent(runId)}/events\n`);
for (const [i, step] of (pipeline as Step[]).entries()) {
  if (i > 0) await wait((seconds * 1000) / (pipeline.length - 1));
  await publish({ run_id: runId, ...step }).catch(fail);
  print(`${String(Math.round(step.progress * 100)).padStart(3)} %  ${step.state.padEnd(16)}  ${step.log}`);
}
close();

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        server: { type: 'string' },
        redis: { type: 'string' },
        run: { type: 'string' },
        seconds: { type: 'string', default: '20' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      print(USAGE);
      process.exit(0);
    }
    const duration = Number(values.seconds);
    if (!(duration >= 0 && duration <= 86_400))
      throw new TypeError('--seconds must be a number from 0 to 86400');
    const server = parseServer(values.server ?? 'http://localhost:8000');
    const redis = values.server ? undefined : values.redis || process.env.REDIS_URL;
    if (redis && !hasProtocol(redis, ['redis:', 'rediss:']))
      throw new TypeError(`${values.redis ? '--redis' : 'REDIS_URL'} must be a redis:// or rediss:// URL`);
    return { server, redis, run: values.run, seconds: duration };
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  }
}

function parseServer(url: string): string {
  if (hasProtocol(url, ['http:', 'https:'])) return url.replace(/\/$/, '');
  throw new TypeError(`--server must be a URL like http://localhost:8000, not "${url}"`);
}

function hasProtocol(url: string, protocols: readonly string[]): boolean {
  return URL.canParse(url) && protocols.includes(new URL(url).protocol);
}

function overHttp(server: string) {
  const publish: Publish = async ({ run_id, ...update }) => {
    const url = `${server}/api/runs/${encodeURIComponent(run_id)}/events`;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(update),
    }).catch(() => fail(`Nothing answers at ${server}. Is the service running (npm start)?`));
    if (!response.ok) fail(`${response.status}: ${await response.text()}`);
  };
  return { publish, close: () => {}, target: server, watchAt: server };
}

function overRedis(url: string) {
  const client = new Redis(url, { maxRetriesPerRequest: 0 });
  client.on('error', (error) => fail(`Redis: ${error.message}`));
  const channel = process.env.PROGRESS_CHANNEL || 'autoshorts:progress';
  const publish: Publish = async (update) => {
    const receivers = await client.publish(channel, JSON.stringify(update));
    if (receivers === 0) print('       (nobody listens on the channel: this update is lost)');
  };
  return { publish, close: () => client.disconnect(), target: `Redis channel ${channel}`, watchAt: server };
}

function timeStamp(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

function print(line: string) {
  process.stdout.write(`${line}\n`);
}

function fail(message: unknown): never {
  process.stderr.write(`${message instanceof Error ? message.message : message}\n`);
  process.exit(1);
}
