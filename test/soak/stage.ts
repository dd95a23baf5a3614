// What a soak needs: a durable Redis, two servers, workers, a ledger of what they publish, and a witness of the truth.
import { pollUntil } from '../support/poll-until.ts';
import { createRandom } from '../support/random.ts';
import { REDIS_PASSWORD, startRedis } from '../support/redis.ts';
import { redisUserOf, type World } from './faults.ts';
import { startFleet, type Usage } from './fleet.ts';
import { createLedger } from './ledger.ts';
import { createTruth } from './truth.ts';
import { startWorkers, type Workers } from './workers.ts';

export interface Stage extends World {
  workers: Workers;
  /** What server 0 holds before anything has happened. */
  idle: Usage;
  close(): Promise<void>;
}

const SERVERS = [0, 1];
const WITNESS_MS = 150;

export async function buildStage(seed: number): Promise<Stage> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closing.reverse()) await step();
  };
  try {
    // Each server has a login of its own, by which its connections can be told from the other's.
    const users = SERVERS.flatMap((server) => [
      ...['--user', redisUserOf(server), 'on', `>${REDIS_PASSWORD}`, '~*', '&*', '+@all'],
    ]);
    const redis = await startRedis({ isDurable: true, args: users });
    closing.push(redis.stop);
    const urls = SERVERS.map((server) =>
      redis.url.replace('//', `//${redisUserOf(server)}:${REDIS_PASSWORD}@`),
    );
    const ledger = createLedger();
    const fleet = await startFleet(urls);
    closing.push(fleet.stop);
    for (const server of SERVERS) {
      await fleet.untilHearing(server);
      ledger.gainHearing(server);
    }
    const idle = await fleet.usage(0);
    const truth = createTruth(await redis.client(), ({ message }) => ledger.settle(message));
    const witness = startWitness(truth.refresh);
    closing.push(witness.stop);
    const workers = await startWorkers(redis.url, fleet, ledger, createRandom(seed));
    closing.push(workers.stop);
    const admin = await redis.client();
    return { redis, admin, fleet, ledger, truth, workers, random: createRandom(seed + 1), idle, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Looks at the histories again and again: what it has seen there can no more be lost. */
function startWitness(refresh: () => Promise<void>) {
  let isOver = false;
  const witnessing = pollUntil(
    'the end of the soak',
    async () => {
      // Redis is away, or full of a script: the next look will tell.
      await refresh().catch(() => {});
      return isOver;
    },
    Number.POSITIVE_INFINITY,
    WITNESS_MS,
  );
  return {
    stop: async () => {
      isOver = true;
      await witnessing;
    },
  };
}
