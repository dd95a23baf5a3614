// The load generator, a process of its own: readers and publisher of one turn after the other, as its parent asks.
import { Redis } from 'ioredis';
import { measureFanOut } from './fan-out.ts';
import { measureIdle } from './idle.ts';
import { measureReplay } from './replay.ts';
import type { Figures, FromLoad, Turn, TurnProgress } from './turn.ts';

const redis = new Redis(process.env.REDIS_URL ?? '');
// A command that can't be sent rejects by itself.
redis.on('error', () => {});

const tell = (message: FromLoad) => process.send?.(message);
const onProgress = (progress: TurnProgress) => tell({ progress });

// Ctrl-C reaches the whole group: the parent decides when this process ends.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', async (turn: Turn) => {
  try {
    tell({ figures: await measure(turn) });
  } catch (error) {
    tell({ error: error instanceof Error ? error.message : String(error) });
  }
});

function measure(turn: Turn): Promise<Figures> {
  if (turn.scenario === 'idle') return measureIdle(turn, onProgress);
  if (turn.scenario === 'replay') return measureReplay(turn, redis, onProgress);
  return measureFanOut(turn, redis, onProgress);
}
