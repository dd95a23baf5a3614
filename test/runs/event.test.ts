// Elements of a history, and what others may have put among them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventFields, eventJson, parseElement } from '../../src/runs/event.ts';
import { createRun } from '../../src/runs/run.ts';
import { elementOf, eventOf, foreignElements, lookalikes } from '../support/elements.ts';
import { createRecordedReader } from '../support/recorded-reader.ts';

test('an element is an event, and what readers get is it without the bookkeeping', () => {
  const element = elementOf({ id: 7, message: 'a "quoted",\\"id\\":1 line,"record":{', done: true });
  const event = parseElement(element);
  assert.ok(event);
  assert.deepEqual([event.id, event.done], [7, true]);
  const { record, ...fields } = JSON.parse(element);
  assert.deepEqual(JSON.parse(eventJson(event)), fields);
  assert.equal(eventFields(event)?.message, fields.message);
  assert.equal(eventFields(event)?.started, Math.floor(record.started / 1000));
});

test('what is not an event is not taken for one, and what only looks like one says nothing', () => {
  for (const element of foreignElements(7)) assert.equal(parseElement(element), null, element);
  for (const element of lookalikes(7)) {
    const event = parseElement(element);
    assert.equal(event && eventFields(event), null, element.slice(0, 100));
  }
});

test('whatever stands among the events of a run, its snapshot has the events', () => {
  for (const element of lookalikes(2)) {
    const run = createRun('r', 10, () => {});
    const foreign = parseElement(element);
    run.merge([eventOf({ id: 1, message: 'a line' }), ...(foreign ? [foreign] : [])]);
    run.setSynced(true);
    const reader = createRecordedReader();
    run.subscribe(reader, null);
    const [snapshot] = reader.messages;
    assert.ok(snapshot?.type === 'initial_state');
    assert.deepEqual(snapshot.logs, ['a line'], element.slice(0, 100));
  }
});
