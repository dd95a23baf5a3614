// The faults that may happen, each from its beginning to when it is over. What raw messages must survive is told to the
// ledger before it happens.
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Random } from '../support/random.ts';
import type { RedisServer } from '../support/redis.ts';
import type { Fleet } from './fleet.ts';
import type { Ledger } from './ledger.ts';
import type { Truth } from './truth.ts';

export interface World {
  redis: RedisServer;
  admin: Redis;
  fleet: Fleet;
  ledger: Ledger;
  truth: Truth;
  random: Random;
}

export interface Fault {
  name: string;
  /** How often, compared with the others. */
  weight: number;
  /** What it has for itself while it lasts. 'ears': of two servers one hears, so that raw messages must be recorded. */
  needs: readonly ('redis' | 'ears' | `server ${number}`)[];
  happen(world: World): Promise<void>;
}

/** The name by which a server logs in to Redis. */
export const redisUserOf = (server: number) => `server${server}`;

/** Longer than a command's answer is waited for, at times. */
const LONGEST_STANDSTILL_MS = 6500;
const LONGEST_PAUSE_MS = 3000;
const LONGEST_FULL_MS = 4000;

export const FAULTS: readonly Fault[] = [
  ...[0, 1].flatMap((server): Fault[] => [
    serverFault('killed', server, 3, async ({ fleet }) => fleet.restart(server, 'SIGKILL')),
    serverFault('restarted', server, 2, async ({ fleet }) => fleet.restart(server, 'SIGTERM')),
    serverFault('cut from its subscriptions', server, 4, async ({ admin }) => {
      await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub', 'USER', redisUserOf(server));
    }),
    {
      name: `server ${server} stands still`,
      weight: 2,
      // It goes on hearing: its connections stay open, and what comes waits in them.
      needs: [`server ${server}`],
      happen: async ({ fleet, random }) => {
        const { program } = fleet.member(server).service;
        program.kill('SIGSTOP');
        await pause(random.below(LONGEST_STANDSTILL_MS));
        program.kill('SIGCONT');
      },
    },
  ]),
  {
    name: 'all subscribers are cut',
    weight: 2,
    needs: ['redis', 'ears'],
    happen: (world) =>
      deafening(world, [0, 1], async () => {
        await world.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      }),
  },
  {
    name: 'Redis is killed and comes back with its data',
    weight: 3,
    needs: ['redis', 'ears'],
    happen: (world) =>
      deafening(world, [0, 1], async () => {
        await world.redis.kill();
        await pause(world.random.below(LONGEST_PAUSE_MS));
        await world.redis.restart();
      }),
  },
  {
    name: 'Redis stands still',
    weight: 3,
    needs: ['redis'],
    happen: async ({ redis, admin, random }) => {
      redis.signal('SIGSTOP');
      await pause(random.below(LONGEST_STANDSTILL_MS));
      redis.signal('SIGCONT');
      await admin.ping();
    },
  },
  {
    name: 'CLIENT PAUSE',
    weight: 3,
    needs: ['redis'],
    happen: async ({ admin, random }) => {
      const kind = random.below(2) === 0 ? 'ALL' : 'WRITE';
      await admin.call('CLIENT', 'PAUSE', random.below(LONGEST_PAUSE_MS), kind);
      await admin.publish('nobody', 'Answered when it is over.');
    },
  },
  {
    name: 'the memory is full',
    weight: 4,
    needs: ['redis'],
    happen: async ({ admin, random }) => {
      await admin.config('SET', 'maxmemory', 1);
      await pause(random.below(LONGEST_FULL_MS));
      await admin.config('SET', 'maxmemory', 0);
    },
  },
  { name: 'FLUSHALL', weight: 1, needs: ['redis'], happen: ({ truth }) => truth.flush() },
];

function serverFault(
  what: string,
  server: number,
  weight: number,
  happen: (world: World) => Promise<void>,
): Fault {
  return {
    name: `server ${server} is ${what}`,
    weight,
    needs: ['ears', `server ${server}`, ...(what.startsWith('cut') ? (['redis'] as const) : [])],
    happen: (world) => deafening(world, [server], () => happen(world)),
  };
}

/** Over when they hear again. */
async function deafening(
  { fleet, ledger }: World,
  servers: readonly number[],
  happen: () => Promise<void>,
): Promise<void> {
  for (const server of servers) ledger.loseHearing(server);
  await happen();
  const regain = async (server: number) => {
    await fleet.untilHearing(server);
    ledger.gainHearing(server);
  };
  await Promise.all(servers.map(regain));
}
