// Readers of a run that is silent: what an open connection costs a server.
import { setTimeout as wait } from 'node:timers/promises';
import { openReader, openReaders } from './reader.ts';
import type { Figures, Turn, TurnProgress } from './turn.ts';
import { difference, readUsage } from './usage.ts';

/**
 * What a server makes once, and what its first connections make it compile, is no connection's cost. They stay open: the
 * memory of closed ones would be used again by those that are measured, or not, as the garbage collector pleases.
 */
const WARM_UP_READERS = 200;
const SETTLE_MS = 1000;

export async function measureIdle(
  turn: Turn,
  onProgress: (progress: TurnProgress) => void,
): Promise<Figures> {
  const open = () => openReader({ ...turn, onBytes: () => {} });
  const warmUp = await openReaders({ count: WARM_UP_READERS }, open);
  await wait(SETTLE_MS);

  const before = readUsage(turn.pid);
  const readers = await openReaders({ count: turn.readers }, open);
  onProgress({ done: readers.length, total: turn.readers, what: 'readers' });
  await wait(SETTLE_MS);
  const after = readUsage(turn.pid);
  for (const reader of [...warmUp, ...readers]) reader.close();
  return {
    bytesPerReader: perReader(difference(before.rssBytes, after.rssBytes)),
    cpuUsPerReader: perReader(difference(before.cpuUs, after.cpuUs)),
  };

  function perReader(value: number | null) {
    return value === null ? null : value / turn.readers;
  }
}
