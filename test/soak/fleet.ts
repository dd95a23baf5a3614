// The servers under test: they are killed and come back at their addresses, and are asked how much they hold.
import { readdirSync } from 'node:fs';
import { pollUntil } from '../support/poll-until.ts';
import type { Exit } from '../support/program.ts';
import { readiness } from '../support/readiness.ts';
import { freePort } from '../support/redis.ts';
import { launchService, type Service } from '../support/service.ts';

export interface Member {
  readonly index: number;
  readonly service: Service;
  /** It was told to go, or killed: streams that end with it have an excuse. */
  isGone: boolean;
}

export interface Usage {
  heapBytes: number;
  descriptors: number;
}

export interface Fleet {
  readonly size: number;
  member(index: number): Member;
  /** Ends it, starts it again. Fulfilled when it listens. */
  restart(index: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Fulfilled when it hears raw messages, whether or not Redis lets it record them. */
  untilHearing(index: number): Promise<void>;
  usage(index: number): Promise<Usage>;
  stop(signal?: NodeJS.Signals): Promise<{ index: number; exit: Exit }[]>;
}

const HEAP_PROBE = new URL('./heap-probe.js', import.meta.url).href;

/** Each goes to Redis by an URL of its own. */
export async function startFleet(redisUrls: readonly string[]): Promise<Fleet> {
  const envs = await Promise.all(
    redisUrls.map(async (url) => ({
      REDIS_URL: url,
      PORT: String(await freePort()),
      // Nothing is trimmed, and nothing expires: the lists are the truth.
      HISTORY_LIMIT: '100000',
      FINISHED_TTL_SECONDS: '86400',
    })),
  );
  const members: Member[] = [];

  async function start(index: number) {
    const env = envs[index];
    if (!env) throw new Error(`no server ${index}`);
    const service = await launchService(env, ['--expose-gc', `--import=${HEAP_PROBE}`]);
    members[index] = { index, service, isGone: false };
  }

  function member(index: number): Member {
    const found = members[index];
    if (!found) throw new Error(`no server ${index}`);
    return found;
  }

  await Promise.all(envs.map((_, index) => start(index)));
  return {
    size: envs.length,
    member,
    restart: async (index, signal) => {
      const old = member(index);
      old.isGone = true;
      await old.service.stop(signal);
      await start(index);
    },
    untilHearing: async (index) => {
      await pollUntil(
        `server ${index} to hear`,
        async () => {
          const { ready, reason } = await readiness(member(index).service.url);
          return ready || reason.startsWith("updates can't be recorded");
        },
        60_000,
      );
    },
    usage: async (index) => {
      const { service } = member(index);
      const said = service.program.lines.length;
      service.program.kill('SIGUSR2');
      const heapBytes = await pollUntil('the size of the heap', async () =>
        service.program.lines.slice(said).map(heapIn).find(Boolean),
      );
      return { heapBytes, descriptors: readdirSync(`/proc/${service.pid}/fd`).length };
    },
    stop: (signal = 'SIGKILL') =>
      Promise.all(
        members.map(async (member) => {
          member.isGone = true;
          return { index: member.index, exit: await member.service.stop(signal) };
        }),
      ),
  };
}

function heapIn(line: string): number | undefined {
  return Number(/"heapUsed":(\d+)/.exec(line)?.[1] ?? 0) || undefined;
}
