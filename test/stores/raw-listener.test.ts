// The names of raw messages: the n-th after the newest marker heard, whoever's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Recording } from '../../src/runs/recording.ts';
import { createListener } from '../../src/stores/raw-listener.ts';
import { createTally } from '../../src/stores/tally.ts';
import { createKeptLog } from '../support/kept-log.ts';

function setUp() {
  const recorded: Recording[] = [];
  const tally = createTally(createKeptLog());
  const heard: string[] = [];
  const listener = createListener({
    push: (recording) => {
      recorded.push(recording);
      heard.push(recording.update.log ?? '');
    },
    onNewEpoch: () => heard.push('new epoch'),
    onOtherNode: () => heard.push('other node'),
    tally,
  });
  const message = (log: string) => listener.onMessage(JSON.stringify({ run_id: 'r', log }));
  const names = () => recorded.map(({ update, name }) => [update.log, name.source, name.n]);
  return { listener, tally, message, names, heard };
}

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

/** Goes over from node1, from which it has recorded 'a', to node2. */
function setUpMove() {
  const all = setUp();
  const { listener } = all;
  listener.attach('old', 'node1');
  listener.onMarker('100 old@node1', 'old');
  const onOld = (log: string) => listener.onMessage(JSON.stringify({ run_id: 'r', log }), 'old');
  const onNew = (log: string) => listener.onMessage(JSON.stringify({ run_id: 'r', log }), 'new');
  onOld('a');
  listener.attach('new', 'node2');
  return { ...all, onOld, onNew };
}

test('who goes over to another node records what the old one delivers until the marker of the new one is heard there', () => {
  const { listener, onOld, onNew, names, heard } = setUpMove();
  onOld('b');
  onNew('b');
  listener.onMarker('200 new@node2', 'new');
  onNew('d');
  onOld('c');
  assert.deepEqual(names().at(-1), ['c', '100', 3], 'what the new one delivers waits');
  listener.onMarker('200 new@node2', 'old');
  onOld('d');
  onNew('e');
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['b', '100', 2],
    ['c', '100', 3],
    ['d', '200', 1],
    ['e', '200', 2],
  ]);
  assert.ok(!heard.includes('other node'));
  assert.equal(listener.isAttached(), true);
});

test('what the old node has delivered is not recorded again where the new one delivers it later, and counts', () => {
  const { listener, onOld, onNew, names, tally } = setUpMove();
  onOld('b');
  onOld('b');
  listener.onMarker('200 new@node2', 'new');
  onNew('a');
  onOld('c');
  listener.onMarker('200 new@node2', 'old');
  for (const log of ['c', 'b', 'b', 'b', 'a']) onNew(log);
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['b', '100', 2],
    ['b', '100', 3],
    ['c', '100', 4],
    ['b', '200', 5],
    ['a', '200', 6],
  ]);
  assert.equal(tally.totals().get('heard-before'), 4);
});

test('another server was the first to go over: its marker ends the old node, and what that has delivered is known', () => {
  const { listener, tally, names, heard } = setUp();
  const onMessage = (log: string, token: string) =>
    listener.onMessage(JSON.stringify({ run_id: 'r', log }), token);
  listener.attach('old', 'node1');
  listener.onMarker('100 old@node1', 'old');
  onMessage('a', 'old');
  listener.onMarker('150 theirs@node2', 'old');
  onMessage('b', 'old');
  assert.equal(heard.at(-1), 'other node');
  listener.attach('new', 'node2');
  listener.onMarker('200 new@node2', 'new');
  onMessage('a', 'new');
  onMessage('c', 'new');
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['c', '200', 2],
  ]);
  assert.equal(tally.totals().get('heard-before'), 1);
});

test('a text that the old node has delivered again and again is not taken for an old one, whichever marker is heard first', async () => {
  const afterwards = async (go: (move: ReturnType<typeof setUpMove>) => void) => {
    const move = setUpMove();
    move.onOld('again');
    move.onOld('again');
    // The new node can't have delivered these after its marker.
    await pause(200);
    go(move);
    move.listener.onMarker('200 new@node2', 'new');
    move.listener.onMarker('200 new@node2', 'old');
    move.onNew('again');
    return move.names().slice(3);
  };
  const all = await Promise.all([
    afterwards(() => {}),
    afterwards(({ listener }) => listener.onMarker('200 new@node2', 'old')),
    afterwards(({ listener }) => listener.onMarker('150 theirs@node2', 'old')),
    afterwards(({ listener }) => listener.detach('old')),
  ]);
  assert.deepEqual(all, new Array(4).fill([['again', '200', 1]]));
});

test('an old node that goes, or hangs until it is heard no more, holds up the new one no longer', () => {
  const { listener, onOld, onNew, names } = setUpMove();
  listener.onMarker('200 new@node2', 'new');
  onNew('b');
  assert.deepEqual(names(), [['a', '100', 1]]);
  listener.detach('old');
  onOld('late');
  onNew('c');
  assert.deepEqual(names().slice(1), [
    ['b', '200', 1],
    ['c', '200', 2],
  ]);
});

test('of what waits for the old node no more is kept than fits, and nothing of what is no use', () => {
  const { listener, onOld, onNew, names, tally } = setUpMove();
  onOld('x'.repeat(5_000_000));
  listener.onMarker('200 new@node2', 'new');
  for (let i = 0; i < 8; i++) onNew(String(i).repeat(4_000_000));
  assert.equal(names().length, 1);
  onNew('x'.repeat(5_000_000));
  assert.deepEqual(
    names().map(([, ...name]) => name.join()),
    ['100,1', ...Array.from({ length: 8 }, (_, i) => `200,${i + 1}`)],
  );
  assert.equal(tally.totals().get('too-large'), 2);
  assert.equal(tally.totals().get('heard-before'), 0);
});

test('who goes on to a third node knows what came from both before', () => {
  const { listener, onNew, names } = setUpMove();
  listener.onMarker('200 new@node2', 'new');
  listener.onMarker('200 new@node2', 'old');
  onNew('b');
  listener.attach('third', 'node3');
  listener.onMarker('300 third@node3', 'third');
  listener.onMarker('300 third@node3', 'new');
  for (const log of ['a', 'b', 'c']) listener.onMessage(JSON.stringify({ run_id: 'r', log }), 'third');
  assert.deepEqual(names(), [
    ['a', '100', 1],
    ['b', '200', 1],
    ['c', '300', 3],
  ]);
});
