// Publishes updates as a worker does: PUBLISH on the raw channel, one JSON object each, with a mark in its log line.
import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { formatMark, nowUs } from './mark.ts';

const CHANNEL = 'autoshorts:progress';

export interface Updates {
  runId: string;
  updates: number;
  /** Null: as fast as they go. */
  updatesPerSecond: number | null;
}

/** Fulfilled when Redis has taken all; an update's time stamp is of the moment before it goes out. */
export async function publish(redis: Redis, { runId, updates, updatesPerSecond }: Updates): Promise<void> {
  const startedUs = nowUs();
  const replies: Promise<number>[] = [];
  for (let sequence = 0; sequence < updates; sequence++) {
    if (updatesPerSecond !== null) {
      const dueUs = startedUs + (sequence * 1e6) / updatesPerSecond;
      await wait(Math.max(0, (dueUs - nowUs()) / 1000));
    }
    replies.push(redis.publish(CHANNEL, updateText(runId, sequence, updates)));
  }
  await Promise.all(replies);
}

function updateText(runId: string, sequence: number, updates: number): string {
  return JSON.stringify({
    run_id: runId,
    state: 'RENDERING',
    progress: Math.round((sequence / updates) * 100) / 100,
    log: `${formatMark(sequence, nowUs())} rendering scene 3 of 12, frame 104 of 250, 1080p`,
  });
}
