// Entries of a history, as the record rule writes them.
import assert from 'node:assert/strict';
import { parseEntry, type RunEvent } from '../../src/runs/event.ts';

export interface EntryFields {
  id: number;
  runId?: string;
  message?: string;
  done?: boolean;
}

export function entryOf({ id, runId = 'r', message = '', done = false }: EntryFields): string {
  const head = `{"type":"progress","run_id":${JSON.stringify(runId)},"id":${id},"ts":1,"state":null,"progress":null`;
  const record = '"record":{"started":1}';
  return `${head},"message":${JSON.stringify(message)}${done ? ',"done":true' : ''},${record}}`;
}

export function eventOf(fields: EntryFields): RunEvent {
  const event = parseEntry(entryOf(fields));
  assert.ok(event);
  return event;
}

/** Events `first` to `last`. */
export function eventsFrom(first: number, last: number): RunEvent[] {
  return Array.from({ length: last - first + 1 }, (_, i) => eventOf({ id: first + i }));
}

const DEEP = 200_000;

/** What others may have put among a run's events, or announced: none of it is taken for one. */
export function foreignEntries(id: number): string[] {
  return [
    '',
    'hello',
    'null',
    '[]',
    `{"id":${id}}`,
    `{"a":0,"id":${id},"q":{"b":1,"record":{}}}`,
    `x,"id":${id},"record":{}}`,
    `{"type":"progress","run_id":"r","id":x,"record":{}}`,
    `{"type":"progress","run_id":"r","id":${id},"message":"","record":{"started":1}`,
    `{"type":"progress","run_id":"r","id":${id},"message":"","record":{}}`,
    `{"type":"progress","run_id":"r","id":${id},"message":"","record":{"started":1},"record":null,"z":{}}`,
  ];
}

/** These are, until somebody asks for a snapshot, which reads all that they say. */
export function lookalikes(id: number): string[] {
  const head = `{"type":"progress","run_id":"r","id":${id}`;
  return [
    `${head},"record":{"started":1}}`,
    `${head},,,"record":{"started":1}}`,
    `${head},"message":5,"record":{"started":1}}`,
    `${head},"message":"","data":${'['.repeat(DEEP)}${']'.repeat(DEEP)},"record":{"started":1}}`,
  ];
}
