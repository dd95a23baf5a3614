// The guide's chord: forty tasks count up one run.
import { test } from 'node:test';
import { playChord } from './support/chord.ts';

test('a chord of 40 tasks, whose processes and whole worker are killed and whose answers are lost, ends once at 40 of 40', (t) =>
  playChord(t, 1, 1));
