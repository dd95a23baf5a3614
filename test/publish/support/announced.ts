// What Redis announces of a run, and when.
import assert from 'node:assert/strict';
import type { RedisServer } from '../../support/redis.ts';

/** `heard` is fulfilled when so many events of the run have been announced since this was. */
export async function listenFor(
  redis: RedisServer,
  runId: string,
  count: number,
): Promise<{ heard: Promise<void> }> {
  const subscriber = await redis.client();
  let events = 0;
  const heard = new Promise<void>((resolve) => {
    subscriber.on('message', (_, entries: string) => {
      events += entries.split('\n').length;
      if (events >= count) resolve();
    });
  });
  await subscriber.subscribe(`autoshorts:run:${runId}`);
  return { heard };
}

/** Fails unless each heartbeat came so many ms, by the clock of Redis, after the event before it. */
export function assertApart(events: readonly object[], ms: number) {
  const all = events as readonly { ts: number; current?: number }[];
  const heartbeats = all.filter(({ current }) => current === undefined);
  assert.ok(heartbeats.length > 1);
  const pauses = heartbeats.slice(1).map(({ ts }, i) => ts - (heartbeats[i]?.ts ?? 0));
  assert.ok(Math.min(...pauses) >= ms, `${pauses}`);
}
