// A run's history as it lies in Redis.
import type { Redis } from 'ioredis';
import type { ProgressMessage } from './messages.ts';

export interface StoredEvent extends ProgressMessage {
  record: { started: number; set: string; epochs: string; sources: string };
}

export async function readHistory(
  client: Redis,
  runId: string,
  keyPrefix = 'autoshorts',
): Promise<StoredEvent[]> {
  const elements = await client.lrange(`${keyPrefix}:run:${runId}`, 0, -1);
  return elements.map((element) => JSON.parse(element));
}
