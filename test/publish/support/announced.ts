// What Redis announces of a run.
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
