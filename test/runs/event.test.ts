// Entries of a history, and what others may have put among them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SNAPSHOT } from '../../src/runs/cursor.ts';
import { eventFields, parseEntry } from '../../src/runs/event.ts';
import { createRun } from '../../src/runs/run.ts';
import { entryOf, eventOf, foreignEntries, lookalikes } from '../support/entries.ts';
import { createRecordedReader } from '../support/recorded-reader.ts';

test('an entry is an event, and what readers get is it without the bookkeeping', () => {
  const entry = entryOf({ id: 7, message: 'a "quoted",\\"id\\":1 line,"record":{', done: true });
  const event = parseEntry(entry);
  assert.ok(event);
  assert.deepEqual([event.id, event.done], [7, true]);
  const { record, ...fields } = JSON.parse(entry);
  assert.deepEqual(JSON.parse(event.json), fields);
  assert.equal(eventFields(event)?.message, fields.message);
  assert.equal(eventFields(event)?.started, Math.floor(record.started / 1000));
});

test('what is not an event is not taken for one, and what only looks like one says nothing', () => {
  for (const entry of foreignEntries(7)) assert.equal(parseEntry(entry), null, entry);
  for (const entry of lookalikes(7)) {
    const event = parseEntry(entry);
    assert.equal(event && eventFields(event), null, entry.slice(0, 100));
  }
});

test('whatever stands among the events of a run, its snapshot has the events', () => {
  for (const entry of lookalikes(2)) {
    const run = createRun('r', 10, () => {});
    const foreign = parseEntry(entry);
    run.merge([eventOf({ id: 1, message: 'a line' }), ...(foreign ? [foreign] : [])]);
    run.setSynced(true);
    const reader = createRecordedReader();
    run.subscribe(reader, SNAPSHOT);
    const [snapshot] = reader.messages;
    assert.ok(snapshot?.type === 'initial_state');
    assert.deepEqual(snapshot.logs, ['a line'], entry.slice(0, 100));
  }
});
