// Readers of one run, and updates for all of them: paced, or as fast as they go.
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { untilDelivered } from './delivery.ts';
import { createMarkScanner, nowUs } from './mark.ts';
import { startMeter } from './meter.ts';
import { publish } from './publisher.ts';
import { openReader, openReaders } from './reader.ts';
import { createTally } from './tally.ts';
import type { Figures, Turn, TurnProgress } from './turn.ts';

const SETTLE_MS = 300;
const LOOK_MS = 250;

export async function measureFanOut(
  turn: Turn,
  redis: Redis,
  onProgress: (progress: TurnProgress) => void,
): Promise<Figures> {
  const tally = createTally(turn);
  const readers = await openReaders({ count: turn.readers }, (index) =>
    openReader({
      ...turn,
      onBytes: createMarkScanner((sequence, sentUs) => tally.record(index, sequence, sentUs, nowUs())),
    }),
  );
  await wait(SETTLE_MS);

  const meter = startMeter(turn.pid);
  const look = () => {
    meter.look();
    onProgress({ done: tally.delivered, total: tally.expected, what: 'deliveries' });
  };
  const looks = setInterval(look, LOOK_MS);
  await publish(redis, turn);
  await untilDelivered(tally, { onLook: meter.look });
  clearInterval(looks);
  const { cpuUs, growthMegabytes, generatorLoad } = meter.stop();
  for (const reader of readers) reader.close();
  const { delivered, missing, doubled, outOfOrder } = tally;
  return {
    eventsPerSecond: delivered ? delivered / ((tally.lastArrivalUs - meter.startedUs) / 1e6) : 0,
    cpuUsPerEvent: cpuUs === null || !delivered ? null : cpuUs / delivered,
    growthMegabytes,
    p50Ms: tally.latencyMs(0.5),
    p99Ms: tally.latencyMs(0.99),
    generatorLoad,
    ...{ delivered, missing, doubled, outOfOrder },
  };
}
