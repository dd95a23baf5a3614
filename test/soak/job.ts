// A run from its first update to when every viewer has seen its end.
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import type { Via } from './ledger.ts';
import type { Truth } from './truth.ts';
import type { Workers } from './workers.ts';

export interface JobOptions {
  runId: string;
  workers: Workers;
  truth: Truth;
  random: Random;
  /** It is time to come to an end. */
  isOver(): boolean;
  /** Viewers that still wait for the end. */
  viewersLeft(): number;
}

const MIXTURES: readonly (readonly [Via, ...Via[]])[] = [
  ['raw'],
  ['raw'],
  ['typescript'],
  ['python'],
  ['http'],
  ['raw', 'python', 'http'],
  ['typescript', 'raw'],
];
const MOST_UPDATES = 300;
const LONGEST_GAP_MS = 25;
const AGAIN_MS = 400;

/** Fulfilled when the run is done, and nobody waits any more. */
export async function work({
  runId,
  workers,
  truth,
  random,
  isOver,
  viewersLeft,
}: JobOptions): Promise<void> {
  const mixture = MIXTURES[random.below(MIXTURES.length)] ?? ['raw'];
  const updates = 1 + random.below(MOST_UPDATES);
  let number = 0;
  const publish = (via: Via, state: string) =>
    workers.publish(via, runId, {
      state,
      progress: Math.min(number / updates, 1),
      log: `${runId} ${via} 진행 ${++number}`,
    });

  while (number < updates && !isOver()) {
    await publish(mixture[random.below(mixture.length)] ?? 'raw', `STAGE_${Math.floor(number / 50)}`);
    await pause(random.below(LONGEST_GAP_MS));
  }
  const [via] = mixture;
  let endedLives = 0;
  for (;;) {
    const isDone = truth.last(runId)?.done === true;
    if (isDone && viewersLeft() === 0) return;
    // A bare PUBLISH may be lost, or recorded late and open the run again; and what was recorded may be flushed: then
    // the run has to be ended once more.
    const lives = truth.lives(runId).length;
    if (!isDone && (mixture.includes('raw') || lives !== endedLives)) await publish(via, 'END');
    endedLives = lives;
    await pause(AGAIN_MS);
  }
}
