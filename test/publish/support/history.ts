// A run's history, read as a reader that comes afterwards would: and whether it is one at all.
import assert from 'node:assert/strict';
import { type EventFields, eventFields, parseElement, type RunEvent } from '../../../src/runs/event.ts';
import type { RedisProcess } from './redis.ts';

export type HistoryEvent = RunEvent & EventFields;

/** All events of a run, oldest first. Fails unless their ids are dense. */
export async function readHistory(redis: RedisProcess, runId: string): Promise<HistoryEvent[]> {
  const elements = (await redis.command('LRANGE', `autoshorts:run:${runId}`, 0, -1)) as string[];
  const events = elements.map((element) => {
    const event = parseElement(element);
    const fields = event && eventFields(event);
    assert.ok(event && fields, `an element that can't be read: ${element}`);
    return { ...event, ...fields };
  });
  const first = events[0]?.id ?? 0;
  for (const [i, { id }] of events.entries()) assert.equal(id, first + i);
  return events;
}

export function linesOf(events: readonly HistoryEvent[]): string[] {
  return events.map(({ message }) => message).filter((message) => message !== '');
}

/** "line <first>" to "line <end - 1>". */
export function lines(first: number, end: number): string[] {
  return Array.from({ length: end - first }, (_, i) => `line ${first + i}`);
}
