// What stays the same in all turns: one Redis, one load generator, and who runs on which core.
import { startRedis } from '../../test/support/redis.ts';
import { startLoad } from './load-process.ts';
import type { Machine } from './machine.ts';
import type { Scenario } from './scenarios.ts';
import { runPath, startTarget, TARGETS } from './target.ts';
import type { Figures, TargetName, TurnProgress } from './turn.ts';

export interface Bed {
  /** Starts the server, measures, and ends it, whatever happens. */
  takeTurn(
    scenario: Scenario,
    target: TargetName,
    onProgress: (progress: TurnProgress) => void,
  ): Promise<Figures>;
  stop(): Promise<void>;
}

const SERVER_CORE = 0;
const OTHER_CORE = 1;
/** For those that warm up. */
const SPARE_CONNECTIONS = 1000;

export async function createBed(machine: Machine): Promise<Bed> {
  // A server that falls behind in a burst is slow, not cut off.
  const redis = await startRedis({ args: ['--client-output-buffer-limit', 'pubsub 0 0 0'] });
  const load = startLoad(redis.url);
  for (const pid of [process.pid, redis.pid, load.pid]) machine.pin(pid, OTHER_CORE);
  let turns = 0;
  return {
    takeTurn: async ({ name: scenario, readers, updates, updatesPerSecond }, target, onProgress) => {
      const maxConnections = readers + SPARE_CONNECTIONS;
      const server = await startTarget(target, { redisUrl: redis.url, maxConnections });
      try {
        machine.pin(server.pid, SERVER_CORE);
        // Each turn has a run of its own, so nothing of an earlier one is in its history.
        const runId = `bench-${process.pid}-${++turns}`;
        const { protocol, hasReplay } = TARGETS[target];
        const path = runPath(TARGETS[target], runId);
        const where = { runId, pid: server.pid, port: server.port, path, protocol, hasReplay };
        const figures = load.run({ scenario, ...where, readers, updates, updatesPerSecond }, onProgress);
        return await Promise.race([figures, server.ended]);
      } finally {
        await server.stop();
      }
    },
    stop: async () => {
      load.stop();
      await redis.stop();
    },
  };
}
