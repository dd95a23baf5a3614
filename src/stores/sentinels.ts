// The sentinels: which Redis is the master now. They are asked again and again, as a master that they have replaced goes
// on answering for seconds, and forgets then what it was told.
import type { Redis } from 'ioredis';
import { inTime, type Lookup } from './lookup.ts';
import { createRedisClient, reasonOf } from './redis-client.ts';
import type { Host, RedisAddress } from './redis-url.ts';
import { SLOTS } from './slots.ts';

/** A sentinel that doesn't answer must not hold up the word of the others for long. */
const ANSWER_TIMEOUT_MS = 1000;

export interface SentinelsOptions {
  address: RedisAddress;
  isTlsInsecure: boolean;
  /** There may be news: a sentinel has been reached. */
  onNews(): void;
}

export function createSentinels({ address, isTlsInsecure, onNews }: SentinelsOptions): Lookup {
  const { hosts, masterName, sentinelUsername: username, sentinelPassword: password } = address;
  const reasons = new Map<Redis, string>();
  const sentinels = hosts.map((at) => {
    const sentinel = createRedisClient({
      ...address,
      ...{ at, username, password, isTlsInsecure, database: 0 },
      name: 'run-progress-sentinel',
      answerTimeoutMs: ANSWER_TIMEOUT_MS,
      log: { info: () => {}, warn: () => {} },
    });
    sentinel.on('ready', onNews);
    sentinel.on('error', (error) => reasons.set(sentinel, reasonOf(error)));
    return sentinel;
  });

  async function ask(sentinel: Redis): Promise<{ master: Host; epoch: number } | null> {
    try {
      const reply = (await sentinel.call('SENTINEL', 'MASTER', masterName ?? '')) as string[];
      const field = (name: string) => reply[reply.indexOf(name) + 1] ?? '';
      return {
        master: { host: field('ip'), port: Number(field('port')) },
        epoch: Number(field('config-epoch')),
      };
    } catch (error) {
      reasons.set(sentinel, reasonOf(error));
      return null;
    }
  }

  return {
    lookUp: async () => {
      const reached = sentinels.filter(({ status }) => status === 'ready');
      const answers = (await Promise.all(reached.map((sentinel) => inTime(ask(sentinel))))).filter(
        (answer) => answer !== null,
      );
      // The highest epoch is the newest decision: a sentinel that was cut off from the others is behind.
      const newest = answers.sort((a, b) => b.epoch - a.epoch)[0];
      if (newest) return [{ at: newest.master, id: '', slots: [[0, SLOTS - 1]] }];
      const why = [...new Set(reasons.values())].join('; ') || 'none has answered yet';
      throw new Error(`no sentinel names the master "${masterName}": ${why}`);
    },
    close: () => {
      for (const sentinel of sentinels) sentinel.disconnect();
    },
  };
}
