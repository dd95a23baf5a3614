// The names of raw messages: the n-th after the newest marker heard, whoever's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUpListener as setUp } from '../support/listener-trial.ts';

test('what is heard before the own marker is counted and not recorded', () => {
  const { listener, tally, message, names } = setUp();
  message('before any connection');
  listener.attach('mine');
  message('before any marker');
  listener.onMarker('100 theirs');
  message('after the marker of another');
  assert.equal(listener.isAttached(), false);
  listener.onMarker('101 mine');
  assert.equal(listener.isAttached(), true);
  message('after the own');
  assert.deepEqual(names(), [['after the own', '101', 1]]);
  assert.equal(tally.totals().get('before-marker'), 3);
});

test('n starts again with every newer marker, and only with those', () => {
  const { listener, message, names } = setUp();
  listener.attach('mine');
  listener.onMarker('100 mine');
  message('a');
  message('b');
  listener.onMarker('90 theirs');
  message('c');
  listener.onMarker('100 theirs');
  message('d');
  listener.onMarker('200 theirs');
  message('e');
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['b', '100', 2],
    ['c', '100', 3],
    ['d', '100', 4],
    ['e', '200', 1],
  ]);
  assert.equal(listener.newestEpoch(), 200);
});

test('a message that is no use counts all the same, so that servers of all versions agree', () => {
  const { listener, tally, message, names } = setUp();
  listener.attach('mine');
  listener.onMarker('100 mine');
  for (const bad of ['not JSON', '[]', '{"run_id":""}', '{}']) listener.onMessage(bad);
  message('the fifth');
  assert.deepEqual(names(), [['the fifth', '100', 5]]);
  assert.equal(tally.totals().get('not-json'), 1);
  assert.equal(tally.totals().get('bad-run-id'), 2);
});

test('two servers that have heard the same markers give the same names, wherever they joined', () => {
  const one = setUp();
  const two = setUp();
  one.listener.attach('one');
  one.listener.onMarker('100 one');
  one.message('only one was there');
  two.listener.attach('two');
  for (const server of [one, two]) server.listener.onMarker('150 two');
  for (const server of [one, two]) for (const log of ['a', 'b']) server.message(log);
  assert.deepEqual(one.names().slice(1), two.names());
});

test('a new connection hears nothing until its own marker, and goes on from the newest epoch', () => {
  const { listener, message, names } = setUp();
  listener.attach('first');
  listener.onMarker('100 first');
  message('a');
  listener.detach('first');
  message('unheard');
  listener.attach('second');
  listener.onMarker('100 first');
  message('an old marker is not mine');
  assert.equal(listener.newestEpoch(), 100);
  listener.onMarker('300 second');
  message('b');
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['b', '300', 1],
  ]);
});

test('what is no marker is counted, and changes nothing', () => {
  const { listener, tally, message, names } = setUp();
  listener.attach('mine');
  listener.onMarker('100 mine');
  for (const text of ['', '200', 'x mine', '200 a b', '-1 mine', '99999999999999999 mine', '2e3 mine'])
    listener.onMarker(text);
  message('a');
  assert.deepEqual(names(), [['a', '100', 1]]);
  assert.equal(tally.totals().get('bad-marker'), 7);
});

test('a marker with an epoch that leaves no room for newer ones is counted, and changes nothing', () => {
  const { listener, tally, message, names } = setUp();
  listener.attach('mine');
  listener.onMarker('1763800000000000 mine');
  for (const epoch of ['9999999999999999', '4000000000000001', '9007199254740993'])
    listener.onMarker(`${epoch} hostile`);
  assert.equal(listener.newestEpoch(), 1_763_800_000_000_000);
  message('a');
  listener.onMarker('1763800000000001 theirs');
  message('b');
  assert.deepEqual(names(), [
    ['a', '1763800000000000', 1],
    ['b', '1763800000000001', 1],
  ]);
  assert.equal(tally.totals().get('bad-marker'), 3);
});

test('it says when another epoch begins, so that what was heard before goes first', () => {
  const { listener, message, heard } = setUp();
  listener.attach('mine');
  listener.onMarker('100 mine');
  message('a');
  listener.onMarker('101 theirs');
  listener.onMarker('99 late');
  message('b');
  assert.deepEqual(heard, ['new epoch', 'a', 'new epoch', 'b']);
});

test('a connection that goes leaves the one that has taken its place alone', () => {
  const { listener, message, names } = setUp();
  listener.attach('old', 'node1');
  listener.onMarker('100 old@node1');
  listener.attach('new', 'node2');
  listener.detach('old');
  listener.onMarker('200 new@node2');
  message('a');
  assert.deepEqual(names(), [['a', '200', 1]]);
});

test('a marker of another node ends the counting here, as somebody counts there', () => {
  const { listener, message, names, tally, heard } = setUp();
  listener.attach('mine', 'node1');
  listener.onMarker('90 theirs@node2');
  listener.onMarker('100 mine@node1');
  message('a');
  listener.onMarker('150 theirs@node1');
  message('b');
  listener.onMarker('200 theirs@node2');
  message('c');
  assert.equal(listener.isAttached(), false);
  assert.equal(listener.newestEpoch(), 200);
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['b', '150', 1],
  ]);
  assert.equal(heard.at(-1), 'other node');
  assert.equal(tally.totals().get('before-marker'), 1);
});
