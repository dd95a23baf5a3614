// Both publishers, and the raw channel's rules, against one table of examples.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createBacklog } from '../../src/publish/backlog.ts';
import { fold } from '../../src/publish/fold.ts';
import { pauseBefore } from '../../src/publish/heartbeat.ts';
import { parseProgressUpdate } from '../../src/publish/progress-update.ts';
import type { Json } from '../../src/runs/json-text.ts';
import { parseRunId } from '../../src/runs/run-id.ts';
import { parseSettings } from '../../src/runs/settings.ts';
import type { Update } from '../../src/runs/update.ts';
import { sendable } from '../../src/stores/record-script.ts';
import { spawnPython, whenEnded } from './support/python.ts';

interface Vectors {
  updates: { name: string; given: Record<string, Json>; update: Update; bad?: string[] }[];
  runIds: { name: string; given: Json; runId: string | null }[];
  folds: { name: string; most: number; updates: Update[]; folded: Update[] }[];
  heartbeats: { name: string; seconds: number; silence: number; count: number; longest: number }[];
  backlogs: {
    name: string;
    mostPerRun: number;
    pushes: { runs: number; each: number }[];
    ended?: string;
    waiting: Record<string, number>;
  }[];
  settings: { name: string; given: Record<string, Json>; bad?: string }[];
}

const PATH = fileURLToPath(new URL('./vectors.json', import.meta.url));
const vectors = expand(JSON.parse(readFileSync(PATH, 'utf8'))) as unknown as Vectors;

function expand(value: Json): Json {
  if (Array.isArray(value)) return value.map(expand);
  if (typeof value !== 'object' || value === null) return value;
  if ('$repeat' in value) return `${value.$repeat}`.repeat(Number(value.times)) + (value.then ?? '');
  if ('$nest' in value) return nest(Number(value.$nest));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expand(item)]));
}

function nest(depth: number): Json {
  return depth === 1 ? {} : { a: nest(depth - 1) };
}

/** The fields as they go to the record script, without those that are absent. */
function textOf(update: Update): Record<string, string> {
  const lines = sendable({ runId: 'x', update, name: { source: 'x', n: 1 } })
    .text.trimEnd()
    .split('\n');
  const fields = lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]);
  const { run_id, source, n, ...ofUpdate } = Object.fromEntries(fields);
  return ofUpdate;
}

/** The pauses before the heartbeats that come in a silence, in seconds. */
function pausesIn({ seconds, silence }: Vectors['heartbeats'][number]): number[] {
  const intervals = Array.from({ length: silence / seconds }, (_, i) => i + 1);
  const pauses = intervals.map((number) => pauseBefore(number, seconds * 1000));
  return pauses.filter((pause) => pause !== null).map((pause) => pause / 1000);
}

function assertPauses(pauses: readonly number[], { silence, count, longest }: Vectors['heartbeats'][number]) {
  const sum = pauses.reduce((before, pause) => before + pause, 0);
  assert.deepEqual(
    { count: pauses.length, longest: Math.max(...pauses), sum },
    { count, longest, sum: silence },
  );
}

/** How many updates of each run wait. */
function wait({ mostPerRun, pushes, ended }: Vectors['backlogs'][number]): Record<string, number> {
  const backlog = createBacklog({ mostPerRun, terminalStates: ['END', 'FAILED'] });
  for (const { runs, each } of pushes)
    for (let run = 0; run < runs; run++)
      for (let number = 0; number < each; number++)
        backlog.push(`r${run}`, `r${run}` === ended ? { state: 'END' } : { log: `${number}` });
  const { size } = backlog;
  const counts: Record<string, number> = {};
  for (const { runId } of backlog.take(Number.MAX_SAFE_INTEGER)) counts[runId] = (counts[runId] ?? 0) + 1;
  assert.equal(
    Object.values(counts).reduce((sum, count) => sum + count),
    size,
  );
  assert.equal(backlog.size, 0);
  return counts;
}

test('a backlog gives its updates run by run, in turn', () => {
  const backlog = createBacklog({ mostPerRun: 10, terminalStates: [] });
  for (const log of ['a1', 'a2', 'a3']) backlog.push('a', { log });
  for (const log of ['b1', 'b2']) backlog.push('b', { log });
  const take = (most: number) => backlog.take(most).map(({ update }) => update.log);
  assert.deepEqual(take(2), ['a1', 'a2']);
  backlog.push('a', { log: 'a4' });
  assert.deepEqual(take(3), ['b1', 'b2', 'a3']);
  assert.deepEqual([backlog.size, take(9), take(9)], [1, ['a4'], []]);
});

describe('TypeScript', () => {
  for (const { name, given, update, bad = [] } of vectors.updates) {
    test(`an update: ${name}`, () => {
      const parsed = parseProgressUpdate(given);
      assert.deepEqual(textOf(parsed.update), textOf(update));
      assert.deepEqual(
        parsed.problems.map((problem) => problem.split(' ')[0]),
        bad,
      );
    });
  }
  for (const { name, given, runId } of vectors.runIds) {
    test(`a run id: ${name}`, () => {
      const parsed = parseRunId(given);
      assert.equal('runId' in parsed ? parsed.runId : null, runId);
    });
  }
  for (const { name, updates, most, folded } of vectors.folds) {
    test(`a fold: ${name}`, () => assert.deepEqual(fold(updates, most, ['END', 'FAILED']), folded));
  }
  for (const vector of vectors.heartbeats)
    test(`heartbeats: ${vector.name}`, () => assertPauses(pausesIn(vector), vector));
  for (const vector of vectors.backlogs)
    test(`waiting: ${vector.name}`, () => assert.deepEqual(wait(vector), vector.waiting));
  for (const { name, given, bad } of vectors.settings) {
    test(`settings: ${name}`, () => {
      if (bad === undefined) parseSettings(given);
      else
        assert.throws(() => parseSettings(given), {
          name: 'TypeError',
          message: new RegExp(`^${bad} must be `),
        });
    });
  }
});

describe('Python', () => {
  let python: {
    updates: { update: Record<string, string>; bad: string[] }[];
    runIds: (string | null)[];
    folds: Update[][];
    heartbeats: number[][];
    backlogs: Record<string, number>[];
    settings: (string | null)[];
  };
  before(async () => {
    const { code, stdout, stderr } = await whenEnded(spawnPython(['vectors.py', PATH]));
    assert.equal(code, 0, stderr);
    python = JSON.parse(stdout);
  });
  for (const [i, { name, update, bad = [] }] of vectors.updates.entries()) {
    test(`an update: ${name}`, () => {
      const { progress, ...expected } = textOf(update);
      const { progress: pythonProgress, ...actual } = python.updates[i]?.update ?? {};
      assert.deepEqual(actual, expected);
      // The same number, but 1e-07 to Python is 1e-7 to JavaScript.
      assert.equal(Number(pythonProgress), Number(progress));
      assert.deepEqual(python.updates[i]?.bad, bad);
    });
  }
  for (const [i, { name, runId }] of vectors.runIds.entries())
    test(`a run id: ${name}`, () => assert.equal(python.runIds[i], runId));
  for (const [i, { name, folded }] of vectors.folds.entries())
    test(`a fold: ${name}`, () => assert.deepEqual(python.folds[i], folded));
  for (const [i, vector] of vectors.heartbeats.entries())
    test(`heartbeats: ${vector.name}`, () => assertPauses(python.heartbeats[i] ?? [], vector));
  for (const [i, { name, waiting }] of vectors.backlogs.entries())
    test(`waiting: ${name}`, () => assert.deepEqual(python.backlogs[i], waiting));
  for (const [i, { name, bad = null }] of vectors.settings.entries())
    test(`settings: ${name}`, () => assert.equal(python.settings[i], bad && snakeCase(bad)));
});

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

test('the Python publisher holds the record script, byte for byte', () => {
  const file = (path: string) => readFileSync(new URL(`../../src/${path}`, import.meta.url), 'utf8');
  const embedded = /RECORD_SCRIPT = r"""(.*?)"""\nRECORD_SHA/s.exec(file('publish/publish_progress.py'))?.[1];
  assert.equal(embedded, file('stores/record.lua'), 'run: node scripts/embed-record.js');
});
