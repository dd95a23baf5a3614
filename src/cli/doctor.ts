// `run-progress doctor`: goes the readers' way, through every proxy, and says what is wrong on it and how to mend it.
import { randomBytes } from 'node:crypto';
import { parseConfig } from '../config.ts';
import { colorsFor } from './colors.ts';
import { type Command, UsageError, type World } from './command.ts';
import { cureOf, type ProxyName, proxyOf } from './doctor/cures.ts';
import { type Finding, fault, formatFinding, ok, warning } from './doctor/finding.ts';
import { judgeStream } from './doctor/judge-stream.ts';
import { probeStream } from './doctor/stream-probe.ts';
import { EXIT } from './exit-code.ts';
import { authorization, durationMs, parseOptions, type ServiceAddress, serviceAddress } from './options.ts';
import { createSink } from './sink.ts';

const usage = `Usage: run-progress doctor [URL] [options]

Goes the way of a reader to the service, from here, through every proxy: name, TLS,
the version of HTTP, a stream with its first byte and its heartbeats, compression,
WebSockets, clocks. Where it may publish it measures how long an update takes. With
REDIS_URL it looks at Redis as well. It ends with a verdict, and with the lines that
mend a proxy.

  --seconds N      how long to watch the stream (default: 35, two heartbeats)
  --origin ORIGIN  a page of this origin wants to read: may it?
  --url URL        the same as URL
  --token TOKEN    where the service asks for one: for run '*', scope read (and publish)
                   (default: $RUN_PROGRESS_TOKEN)

Exit code: 0 it is well (warnings are no faults), 1 something is wrong, 2 wrong usage.

  run-progress doctor https://app.example.com/progress
  run-progress doctor https://progress.example.com --origin https://app.example.com
  REDIS_URL=redis://… run-progress doctor http://localhost:8000 --seconds 5
`;

const OPTIONS = {
  url: { type: 'string' },
  token: { type: 'string' },
  seconds: { type: 'string', default: '35' },
  origin: { type: 'string' },
} as const;

const FLUSH_MS = 1000;

export const doctor: Command = { usage, run };

async function run(args: readonly string[], world: World): Promise<number> {
  const { values, positionals } = parseOptions(args, OPTIONS);
  if (positionals.length > 1) throw new UsageError('takes one URL');
  const address = serviceAddress({ ...values, url: positionals[0] ?? values.url }, world.env);
  const seconds = durationMs('--seconds', values.seconds) / 1000;
  if (values.origin && (!URL.canParse(values.origin) || new URL(values.origin).origin !== values.origin))
    throw new UsageError(`--origin must be like https://app.example.com, not "${values.origin}"`);
  const { checkAddress, checkHealth, checkOrigin, checkWebSocket } = await import('./doctor/other-probes.ts');
  const colors = colorsFor(world.stdout, world.env);
  const findings: Finding[] = [];
  const tell = (more: readonly Finding[]) => {
    findings.push(...more);
    for (const finding of more) world.stdout.write(formatFinding(finding, colors));
  };

  world.stdout.write(`${address.url}, watched for ${seconds} s\n\n`);
  tell(await checkAddress(address));
  if (findings.some(({ level }) => level === 'fault')) return verdict(findings, null, world);
  const health = await checkHealth(address);
  tell([health.finding]);
  if (!health.isService) return verdict(findings, null, world);
  const runId = `doctor-${randomBytes(6).toString('hex')}`;
  tell(await watchStream(address, runId, seconds, world));
  tell([await checkWebSocket(address, runId)]);
  if (values.origin) tell([await checkOrigin(address, values.origin)]);
  if (world.env.REDIS_URL) tell(await redisFindings(world));
  return verdict(findings, proxyOf(health.headers), world);
}

/** While the stream is open an update is published, where that is allowed, and its way is timed. */
async function watchStream(
  address: ServiceAddress,
  runId: string,
  seconds: number,
  { env }: World,
): Promise<Finding[]> {
  const warnings: string[] = [];
  let publishedAt: number | null = null;
  let arrivedAfterMs: number | null = null;
  const sink = await createSink({
    runId,
    values: env.REDIS_URL ? {} : { url: address.url, token: address.token },
    env,
    onWarning: (text) => warnings.push(text),
  });
  const probe = await probeStream(`${address.url}/api/runs/${runId}/events`, {
    headers: authorization(address.token),
    seconds,
    onOpen: () => {
      publishedAt = performance.now();
      sink.publish({ state: 'DOCTOR', log: 'an update on its way' });
    },
    onData: () => {
      if (publishedAt !== null) arrivedAfterMs ??= performance.now() - publishedAt;
    },
  });
  // It ends, so that it is kept for an hour instead of a day.
  if (arrivedAfterMs !== null) sink.publish({ state: 'END' });
  await sink.flush(FLUSH_MS);
  await sink.close();
  const found = judgeStream(probe, seconds);
  if (publishedAt !== null) found.push(judgeUpdate(arrivedAfterMs, warnings, sink.target));
  return found;
}

function judgeUpdate(arrivedAfterMs: number | null, warnings: readonly string[], target: string): Finding {
  if (arrivedAfterMs !== null)
    return ok('update', `took ${Math.round(arrivedAfterMs)} ms from ${target} to here`);
  const [reason] = warnings;
  if (reason !== undefined) return warning('update', `none could be published to be timed: ${reason}`);
  return fault(
    'update',
    `one was recorded at ${target}, and did not come: is it the service's own Redis, with its database and KEY_PREFIX?`,
  );
}

async function redisFindings({ env }: World): Promise<Finding[]> {
  const { checkRedis } = await import('./doctor/redis.ts');
  const { REDIS_URL, REDIS_CLUSTER, REDIS_TLS_INSECURE, KEY_PREFIX, PROGRESS_CHANNEL } = env;
  const config = parseConfig({ REDIS_URL, REDIS_CLUSTER, REDIS_TLS_INSECURE, KEY_PREFIX, PROGRESS_CHANNEL });
  return checkRedis({ ...config, redisUrl: config.redisUrl ?? '', tlsInsecure: config.redisTlsInsecure });
}

function verdict(findings: readonly Finding[], proxy: ProxyName | null, { stdout }: World): number {
  const faults = findings.filter(({ level }) => level === 'fault');
  const warnings = findings.filter(({ level }) => level === 'warning');
  const said =
    faults.length > 0
      ? `Something is wrong: ${faults.map(({ about }) => about).join(', ')}.`
      : warnings.length > 0
        ? `Event streams work. Not all is well: ${warnings.map(({ about }) => about).join(', ')}.`
        : 'All is well.';
  stdout.write(`\n${said}\n`);
  const mendable = [...faults, ...warnings].flatMap(({ about, proxyFault }) =>
    proxyFault === undefined ? [] : [{ about, proxyFault }],
  );
  for (const { proxyFault, about } of mendable) {
    stdout.write(`\nTo mend it (${about}):\n${cureOf(proxyFault, proxy)}`);
    if (proxyFault === 'idle-cut')
      stdout.write('  or let the service speak more often: HEARTBEAT_SECONDS below that time\n');
  }
  if (mendable.length > 0) stdout.write('\nWhole configurations that work are in docs/proxies.md.\n');
  return faults.length > 0 ? EXIT.failed : EXIT.ok;
}
