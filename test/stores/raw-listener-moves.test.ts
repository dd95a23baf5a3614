// The raw channel goes over from one node of a cluster to another: nothing is recorded twice, and nothing forgotten.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setUpListener } from '../support/listener-trial.ts';

/** Goes over from node1, from which it has recorded 'a', to node2. */
function setUpMove() {
  const all = setUpListener();
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
  const { listener, tally, names, heard } = setUpListener();
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

test('a text that the old node has delivered again and again is not taken for an old one, whichever marker is heard first', () => {
  const afterwards = (go: (move: ReturnType<typeof setUpMove>) => void) => {
    const move = setUpMove();
    move.onOld('again');
    move.onOld('again');
    // The new node can't have delivered these after its marker.
    move.wait(200);
    go(move);
    move.listener.onMarker('200 new@node2', 'new');
    move.listener.onMarker('200 new@node2', 'old');
    move.onNew('again');
    return move.names().slice(3);
  };
  const all = [
    afterwards(() => {}),
    afterwards(({ listener }) => listener.onMarker('200 new@node2', 'old')),
    afterwards(({ listener }) => listener.onMarker('150 theirs@node2', 'old')),
    afterwards(({ listener }) => listener.detach('old')),
  ];
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
