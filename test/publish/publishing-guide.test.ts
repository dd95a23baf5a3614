// What docs/publishing.md shows of tracked bodies, run as it stands there. Its chord is run by celery-chord.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Queue } from 'bullmq';
import { recipeFolder } from '../recipes/folder.ts';
import { guideBlock } from '../support/guide.ts';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis.ts';
import { spawnPython, whenEnded } from './support/python.ts';

async function setUp(t: TestContext) {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const lastOf = async (runId: string) => {
    const { state, progress, current, total, message } = (await readHistory(client, runId)).at(-1) ?? {};
    return { state, progress, current, total, message };
  };
  return { redis, lastOf, env: { PATH: process.env.PATH, REDIS_URL: redis.url } };
}

const WHOLE = { state: 'END', progress: 1, current: 3, total: 3, message: '' };

test('the body of Python', async (t) => {
  const { redis, lastOf } = await setUp(t);
  const folder = recipeFolder(t, {
    'job.py': guideBlock('publishing', 'tracked'),
    'film.py': 'run_id, parts, render = "film", ["a", "b", "c"], print',
    'publish_progress.py': readFileSync('src/publish/publish_progress.py', 'utf8'),
  });
  const { code, stderr } = await whenEnded(
    spawnPython([join(folder, 'job.py')], { REDIS_URL: redis.url, PYTHONPATH: folder }),
  );
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual(await lastOf('film'), WHOLE);
});

test('the body of Node', async (t) => {
  const { lastOf, env } = await setUp(t);
  const files = {
    'job.js': guideBlock('publishing', 'track'),
    'film.js': "export const runId = 'film', parts = ['a', 'b', 'c'], render = async () => {};",
    'package.json': '{"type":"module"}',
  };
  const folder = recipeFolder(t, files, ['run-progress']);
  const job = startProgram(process.execPath, ['job.js'], { cwd: folder, env });
  assert.deepEqual(await job.exited, { code: 0, signal: null }, job.lines.join('\n'));
  assert.deepEqual(await lastOf('film'), WHOLE);
});

const FILM = `
export async function render(part) {
  if (part === 'wait') await new Promise(() => {});
  if (part === 'bad') throw new Error('no space');
}
`;

test('the worker of BullMQ', async (t) => {
  const { redis, lastOf, env } = await setUp(t);
  const files = {
    'worker.js': guideBlock('publishing', 'bullmq-track'),
    'film.js': FILM,
    'package.json': '{"type":"module"}',
  };
  const folder = recipeFolder(t, files, ['bullmq', 'run-progress']);
  const worker = startProgram(process.execPath, ['worker.js'], { cwd: folder, env });
  t.after(() => worker.stop('SIGKILL'));
  const queue = new Queue('videos', { connection: { url: redis.url } });
  t.after(() => queue.close());
  const until = (runId: string, state: string | null, message: string, current?: number) =>
    pollUntil(`${state}, ${message} of ${runId}`, async () => {
      const last = await lastOf(runId);
      return last.state === state && last.message === message && last.current === current;
    });
  await queue.add('video', { parts: ['a', 'b', 'c'] }, { jobId: 'good' });
  await until('videos-good', 'END', '', 3);
  await queue.add('video', { parts: ['a', 'bad'] }, { jobId: 'bad', attempts: 2, backoff: 1 });
  await until('videos-bad', 'FAILED', 'Error: no space', 1);
  await queue.add('video', { parts: ['wait'] }, { jobId: 'stopped' });
  await until('videos-stopped', null, '', 0);
  assert.deepEqual(await worker.stop('SIGTERM'), { code: 143, signal: null });
  await until('videos-stopped', 'FAILED', 'Error: ended by SIGTERM', 0);
});
