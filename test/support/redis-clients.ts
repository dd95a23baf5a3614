// Who is connected to Redis, as Redis sees it.
import type { Redis } from 'ioredis';

/** The ids of the connections that subscribe to something. */
export async function subscriberIds(client: Redis): Promise<string[]> {
  const list = String(await client.call('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  return list.split('\n').flatMap((line) => /^id=(\d+) /.exec(line)?.[1] ?? []);
}

/** The same, where one should be that wasn't before. */
export async function hasNewSubscriber(client: Redis, before: readonly string[]): Promise<boolean> {
  return (await subscriberIds(client)).some((id) => !before.includes(id));
}
