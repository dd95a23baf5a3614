// A run's history as it lies in Redis.
import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import { eventFields, parseEntry } from '../../src/runs/event.ts';
import type { ProgressMessage } from './messages.ts';

export interface StoredEvent extends ProgressMessage {
  record: { started: number; set?: string; epochs?: string; sources?: string; key?: string };
}

/** Oldest first. Fails where an entry is none that the service could read. */
export async function readHistory(
  client: Pick<Redis, 'lrange'>,
  runId: string,
  keyPrefix = 'autoshorts',
): Promise<StoredEvent[]> {
  const entries = await client.lrange(`${keyPrefix}:run:${runId}`, 0, -1);
  return entries.map((entry) => {
    const event = parseEntry(entry);
    assert.ok(event && eventFields(event), `an entry that can't be read: ${entry}`);
    return JSON.parse(entry);
  });
}
