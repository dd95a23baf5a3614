// The chord again, with other schedules of kills and lost answers.
import { test } from 'node:test';
import { chooseRounds, chooseSeed } from '../support/random.ts';
import { playChord } from './support/chord.ts';

const first = chooseSeed();
for (let seed = first; seed < first + chooseRounds(); seed++)
  test(`seed ${seed}`, (t) => playChord(t, seed, 3));
