// What a node of a cluster has delivered lately, known by its text.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecentTexts } from '../../src/stores/recent-texts.ts';

function setUp() {
  let ms = 0;
  const texts = createRecentTexts(() => ms);
  return {
    texts,
    wait: (time: number) => {
      ms += time;
    },
  };
}

test('a text is there as often as it was added', () => {
  const { texts } = setUp();
  for (const text of ['a', 'b', 'a']) texts.add(text);
  assert.deepEqual(
    ['a', 'a', 'a', 'b', 'b', 'c'].map((text) => texts.take(text)),
    [true, true, false, true, false, false],
  );
});

test('texts are there for as long as others follow within a second, and nothing is there long after the last', () => {
  const { texts, wait } = setUp();
  texts.add('a');
  wait(700);
  texts.add('b');
  wait(700);
  texts.add('c');
  assert.equal(texts.take('a'), true);
  wait(751);
  assert.equal(texts.take('b'), false);
  texts.add('d');
  assert.equal(texts.take('c'), false);
  assert.equal(texts.take('d'), true);
});

test('what is two seconds old is there no more, and of many characters only the newest are', () => {
  const { texts, wait } = setUp();
  texts.add('a');
  for (let i = 0; i < 3; i++) {
    wait(1001);
    texts.add(`later ${i}`);
  }
  assert.equal(texts.take('a'), false);
  assert.equal(texts.take('later 1'), true);
  texts.add('b');
  for (let i = 0; i < 4; i++) texts.add(String(i).repeat(4_300_000));
  assert.equal(texts.take('b'), false);
});

test('of a text that comes again and again those count that the next node can still deliver', () => {
  const { texts, wait } = setUp();
  texts.add('only once');
  for (let i = 0; i < 4; i++) {
    texts.add('again');
    wait(100);
  }
  // Two were added in the last 150 ms before, and one after it.
  wait(-100);
  texts.settle();
  wait(30);
  texts.add('again');
  assert.deepEqual(
    ['again', 'again', 'again', 'again', 'only once'].map((text) => texts.take(text)),
    [true, true, true, false, true],
  );
});

test('a text that was added thousands of times is taken as often before it is too late', () => {
  const texts = createRecentTexts();
  const count = 30_000;
  for (let i = 0; i < count; i++) texts.add('again');
  texts.settle();
  let taken = 0;
  while (texts.take('again')) taken++;
  assert.equal(taken, count);
});
