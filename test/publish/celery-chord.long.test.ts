// The chord again, with ten schedules of kills and lost answers.
import { test } from 'node:test';
import { chooseSeed } from '../support/random.ts';
import { playChord } from './support/chord.ts';

const first = chooseSeed();
for (let seed = first; seed < first + 10; seed++) test(`seed ${seed}`, (t) => playChord(t, seed, 3));
