// The lines that a publisher sends, and those that a run's history has.
import type { Redis } from 'ioredis';
import { readHistory } from '../../support/history-list.ts';
import { assertDense } from '../../support/invariants.ts';

/** "line <first>" to "line <end - 1>". */
export function lines(first: number, end: number): string[] {
  return Array.from({ length: end - first }, (_, i) => `line ${first + i}`);
}

/** The lines of a run, oldest first. Fails unless the ids of its events are dense. */
export async function readLines(client: Redis, runId: string): Promise<string[]> {
  const events = await readHistory(client, runId);
  assertDense(events.map(({ id }) => id));
  return events.map(({ message }) => message).filter((message) => message !== '');
}
