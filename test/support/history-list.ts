// A run's history as it lies in Redis.
import assert from 'node:assert/strict';
import type { Redis } from 'ioredis';
import { eventFields, parseElement } from '../../src/runs/event.ts';
import type { ProgressMessage } from './messages.ts';

export interface StoredEvent extends ProgressMessage {
  record: { started: number; set: string; epochs: string; sources: string; key?: string };
}

/** Oldest first. Fails where an element is none that the service could read. */
export async function readHistory(
  client: Redis,
  runId: string,
  keyPrefix = 'autoshorts',
): Promise<StoredEvent[]> {
  const elements = await client.lrange(`${keyPrefix}:run:${runId}`, 0, -1);
  return elements.map((element) => {
    const event = parseElement(element);
    assert.ok(event && eventFields(event), `an element that can't be read: ${element}`);
    return JSON.parse(element);
  });
}
