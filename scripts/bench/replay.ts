// Readers that come back at once, each with the cursor of the run's first event: what followed it is theirs, once, in
// order. A server without a history has nothing for them; of it only the cost of the connections is measured.
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { untilDelivered } from './delivery.ts';
import { createMarkScanner, formatMark, nowUs } from './mark.ts';
import { startMeter } from './meter.ts';
import { publish } from './publisher.ts';
import { openReader, openReaders } from './reader.ts';
import { createTally } from './tally.ts';
import type { Figures, Turn, TurnProgress } from './turn.ts';

const SETTLE_MS = 300;
/** Nothing is to come. */
const NO_REPLAY_QUIET_MS = 300;

export async function measureReplay(
  turn: Turn,
  redis: Redis,
  onProgress: (progress: TurnProgress) => void,
): Promise<Figures> {
  const lastEventId = await publishHistory(turn, redis);
  const tally = createTally({ ...turn, first: 1 });

  const meter = startMeter(turn.pid);
  const readers = await openReaders({ count: turn.readers, atOnce: turn.readers }, (index) => {
    const begunUs = nowUs();
    return openReader({
      ...turn,
      lastEventId,
      onBytes: createMarkScanner((sequence) => tally.record(index, sequence, begunUs, nowUs())),
    });
  });
  await untilDelivered(tally, {
    ...(turn.hasReplay ? {} : { quietMs: NO_REPLAY_QUIET_MS }),
    onLook: () => {
      meter.look();
      onProgress({ done: tally.delivered, total: tally.expected, what: 'deliveries' });
    },
  });
  const { cpuUs, growthMegabytes, generatorLoad } = meter.stop();
  for (const reader of readers) reader.close();
  const { delivered, missing, doubled, outOfOrder } = tally;
  return {
    eventsPerSecond: delivered ? delivered / ((tally.lastArrivalUs - meter.startedUs) / 1e6) : null,
    cpuUsPerEvent: cpuUs === null || !delivered ? null : cpuUs / delivered,
    cpuUsPerReader: cpuUs === null ? null : cpuUs / turn.readers,
    growthMegabytes,
    p50Ms: tally.latencyMs(0.5),
    p99Ms: tally.latencyMs(0.99),
    generatorLoad,
    ...{ delivered, missing, doubled, outOfOrder },
  };
}

/** One more update than will be replayed. Gives the first one's id, as a reader sees it who was there from the start. */
async function publishHistory(turn: Turn, redis: Redis): Promise<string | undefined> {
  const updates = turn.updates + 1;
  const witnessed = createTally({ readers: 1, updates });
  const scan = createMarkScanner((sequence, sentUs) => witnessed.record(0, sequence, sentUs, nowUs()));
  let text = '';
  const witness = await openReader({
    ...turn,
    onBytes: (bytes) => {
      text += bytes.toString('latin1');
      scan(bytes);
    },
  });
  await wait(SETTLE_MS);
  await publish(redis, { ...turn, updates, updatesPerSecond: null });
  await untilDelivered(witnessed, { onLook: () => {} });
  witness.close();
  if (!turn.hasReplay) return undefined;
  const firstMark = formatMark(0, 0).slice(0, 7);
  const id = new RegExp(`^id: (\\d+)\\ndata: .*${firstMark}:`, 'm').exec(text)?.[1];
  if (id === undefined || witnessed.missing > 0)
    throw new Error(`a reader saw ${witnessed.delivered} of ${updates} updates before the replay`);
  return id;
}
