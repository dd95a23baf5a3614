// What the soak holds a reader's stay against: that it would notice.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProgressMessage, SnapshotMessage } from '../support/messages.ts';
import { type Session, sessionViolations } from './session.ts';
import type { Life } from './truth.ts';

function event(id: number, message = `line ${id}`): ProgressMessage {
  return { type: 'progress', run_id: 'r', id, ts: id, state: 'A', progress: 0.5, message };
}

function snapshot(id: number, logs: string[], gap?: true): SnapshotMessage {
  const state = id === 0 ? null : 'A';
  const progress = id === 0 ? null : 0.5;
  const rest = { ts: id, started: 1, first_id: 11, log_times: [], done: false };
  return { type: 'initial_state', run_id: 'r', id, state, progress, logs, ...rest, ...(gap && { gap }) };
}

const LIFE: Life = { events: [11, 12, 13, 14].map((id) => event(id)) };
const NEXT: Life = { events: [21, 22].map((id) => event(id)) };
const TO_12 = snapshot(12, ['line 11', 'line 12']);
const E11 = event(11);
const E12 = event(12);
const E13 = event(13);
const E14 = event(14);

type Case = [
  what: string,
  cursor: Session['cursor'],
  messages: Session['messages'],
  lives: Life[],
  why?: RegExp,
];

const CASES: Case[] = [
  ['a run from its beginning', null, [E11, E12, E13], [LIFE]],
  ['all that is retained', 0, [E11, E12], [LIFE]],
  ['a snapshot and what follows', null, [TO_12, E13, E14], [LIFE]],
  ['what follows a cursor', 12, [E13, E14], [LIFE]],
  ['nothing', 14, [], [LIFE]],
  ['a wrong cursor', 'wrong', [{ ...TO_12, gap: true }, E13], [LIFE]],
  ['a flushed history', 13, [E14, snapshot(0, [], true), event(21)], [LIFE, NEXT]],
  ['a flushed history that had begun again', 13, [snapshot(21, ['line 21'], true), event(22)], [LIFE, NEXT]],
  ['an event left out', null, [E11, E13], [LIFE], /a gap that nobody announced: 12/],
  ['the first left out', 0, [E12], [LIFE], /a gap that nobody announced: 11/],
  ['the one after the cursor left out', 11, [E13], [LIFE], /a gap that nobody announced/],
  ['an event that comes twice', 11, [E12, E12], [LIFE], /a double/],
  ['an event that the snapshot had', null, [TO_12, E12], [LIFE], /a double/],
  ['events in the wrong order', 11, [E13, E12], [LIFE], /a gap/],
  ['an event that was never recorded', 14, [event(15)], [LIFE], /never recorded/],
  ['an event that says something else', 11, [event(12, 'other')], [LIFE], /recorded as/],
  ['a snapshot without a line', null, [snapshot(12, ['line 12'])], [LIFE], /not what was recorded/],
  ['a snapshot amid the stream', 11, [E12, TO_12], [LIFE], /without a gap/],
  ['a snapshot for a good cursor', 11, [{ ...TO_12, gap: true }], [LIFE], /a false gap/],
  ['a gap for whoever had nothing', null, [{ ...TO_12, gap: true }], [LIFE], /nothing was there before/],
  ['a loss that is not announced', 14, [event(21)], [LIFE, NEXT], /a gap that nobody announced/],
];

describe('a stay held against the truth', () => {
  for (const [what, cursor, messages, lives, why] of CASES)
    test(`${what} is ${why ? 'a violation' : 'right'}`, () => {
      const found = sessionViolations({ runId: 'r', transport: 'sse', cursor, messages }, lives);
      if (why) assert.match(found[0] ?? 'nothing was found', why);
      else assert.deepEqual(found, []);
    });
});
