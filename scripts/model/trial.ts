// One trial: a service of one or more processes, readers on bare sockets, updates one after the other; and what it cost.
// Costs are CPU time, bytes and commands, which hold on a machine that is busy with other things, too; nothing is timed.
import type { Redis } from 'ioredis';
import { request } from 'undici';
import { createPublisher } from '../../src/publish/publisher.ts';
import { pollUntil } from '../../test/support/poll-until.ts';
import { untilReady } from '../../test/support/readiness.ts';
import { type RedisServer, startRedis } from '../../test/support/redis.ts';
import { launchService, type Service } from '../../test/support/service.ts';
import { createMarkScanner, formatMark } from '../bench/mark.ts';
import { openReader, openReaders, type Reader } from '../bench/reader.ts';
import { readUsage } from '../bench/usage.ts';
import type { Figures } from './costs.ts';
import { readRedisUsage } from './redis-usage.ts';
import type { Shape } from './shape.ts';

export interface Measured {
  figures: Figures;
  /** In Redis, of one run: after its first update, and after all. */
  runBytes: { first: number; all: number };
  /** Calls of the record script for each update: less than one where they are recorded together. */
  scriptCallsPerUpdate: number;
}

const CHANNEL = 'autoshorts:progress';
const PROBE = new URL('./probe.js', import.meta.url).href;
/** What a process makes once, and what its first connections make it compile, is no reader's cost. */
const WARM_UP_READERS = 1000;
const DEADLINE_MS = 120_000;
const LOG = 'rendering scene 3 of 12, frame 104 of 250, 1080p';

export async function runTrial(shape: Shape): Promise<Measured> {
  const redis = await startRedis({ args: ['--client-output-buffer-limit', 'pubsub 0 0 0'] });
  try {
    const env = {
      REDIS_URL: redis.url,
      WEB_CONCURRENCY: String(shape.processes),
      MAX_CONNECTIONS: '100000',
    };
    const service = await launchService(env, ['--expose-gc', `--import=${PROBE}`]);
    try {
      await untilReady(service.url);
      return await measure(shape, redis, service);
    } finally {
      await service.stop('SIGKILL');
    }
  } finally {
    await redis.stop();
  }
}

async function measure(shape: Shape, redis: RedisServer, service: Service): Promise<Measured> {
  const client = await redis.client();
  const pids = pidsOf(service);
  const cpuUs = () => pids.reduce((sum, pid) => sum + (readUsage(pid).cpuUs ?? Number.NaN), 0);
  let delivered = 0;
  const open = (runId: string) =>
    openReader({
      port: service.port,
      path: `/api/runs/${runId}/events`,
      protocol: 'HTTP/1.1',
      onBytes: createMarkScanner(() => {
        delivered++;
      }),
    });
  await warmUp(service, shape.processes, open);

  const emptied = await probe(service, pids);
  const cpuBefore = cpuUs();
  const readers = await openReaders({ count: shape.readers }, (i) => open(nameOf(i % shape.runs)));
  const connectCpuUs = cpuUs() - cpuBefore;
  const opened = await probe(service, pids);

  const worker = createWorker(shape, redis, client);
  let runBytesFirst = 0;
  const redisBefore = await readRedisUsage(client);
  const publishBefore = cpuUs();
  for (let update = 0; update < shape.updates; update++) {
    await worker.publishToAll(update);
    const expected = shape.readers * (update + 1);
    await pollUntil('all deliveries', async () => delivered >= expected, DEADLINE_MS, 5);
    if (update === 0) runBytesFirst = await bytesOfRun(client);
  }
  const publishCpuUs = cpuUs() - publishBefore;
  const redisAfter = await readRedisUsage(client);
  const filled = await probe(service, pids);
  await worker.close();
  for (const reader of readers) reader.close();
  const updates = shape.runs * shape.updates;
  return {
    figures: {
      connectCpuUs,
      connectBytes: opened - emptied,
      publishCpuUs,
      keptBytes: filled - opened,
      redisCpuUs: redisAfter.cpuUs - redisBefore.cpuUs,
      redisInBytes: redisAfter.inBytes - redisBefore.inBytes,
      redisOutBytes: redisAfter.outBytes - redisBefore.outBytes,
    },
    runBytes: { first: runBytesFirst, all: await bytesOfRun(client) },
    scriptCallsPerUpdate: (redisAfter.scriptCalls - redisBefore.scriptCalls) / updates,
  };
}

/** The service itself, and the processes that it has started. */
function pidsOf(service: Service): number[] {
  const workers = service.program.lines
    .filter((line) => line.includes('"a process serves"'))
    .map((line): number => JSON.parse(line).pid);
  return [service.pid, ...workers];
}

function nameOf(run: number): string {
  return `model-${run}`;
}

/** MEMORY USAGE of one: they are alike. */
async function bytesOfRun(client: Redis): Promise<number> {
  return Number(await client.memory('USAGE', `autoshorts:run:${nameOf(0)}`, 'SAMPLES', 0));
}

function createWorker({ runs, isRaw }: Shape, redis: RedisServer, client: Redis) {
  const publisher = isRaw ? null : createPublisher({ redisUrl: redis.url });
  return {
    /** One update for each run. */
    publishToAll: async (update: number) => {
      const fields = { state: 'RENDERING', progress: update / 100, log: `${formatMark(update, 0)} ${LOG}` };
      const all = Array.from({ length: runs }, (_, run) =>
        publisher
          ? publisher.publish(nameOf(run), fields)
          : client.publish(CHANNEL, JSON.stringify({ run_id: nameOf(run), ...fields })),
      );
      await Promise.all(all);
    },
    close: async () => publisher?.close(),
  };
}

async function warmUp(service: Service, processes: number, open: (runId: string) => Promise<Reader>) {
  const readers = await openReaders({ count: WARM_UP_READERS * processes }, (i) => open(`warm-${i % 10}`));
  for (const reader of readers) reader.close();
  await pollUntil('the end of the first readers', async () => {
    const { body } = await request(`${service.url}/metrics`);
    return (await body.text()).includes('run_progress_connections{transport="sse"} 0\n');
  });
}

/** What all processes hold together, in bytes, when all garbage is gone. */
async function probe(service: Service, pids: readonly number[]): Promise<number> {
  const { lines } = service.program;
  const from = lines.length;
  for (const pid of pids) process.kill(pid, 'SIGUSR2');
  const answers = await pollUntil('the probes', async () => {
    const said = lines.slice(from).filter((line) => line.startsWith('{"probed"'));
    return said.length === pids.length && said;
  });
  return answers.reduce((sum, answer) => sum + JSON.parse(answer).held, 0);
}
