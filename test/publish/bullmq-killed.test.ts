// A worker of BullMQ is killed in the middle of a job, which another one then takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Queue } from 'bullmq';
import { recipeFolder } from '../recipes/folder.ts';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis.ts';

const WORKER = `
import { Worker } from 'bullmq';
import { createPublisher } from 'run-progress/publisher';

const publisher = createPublisher({ redisUrl: process.env.REDIS_URL });
const makeVideo = (job) =>
  publisher.track(job.id, async (report) => {
    for (const part of report.each([1, 2, 3])) {
      await report({ state: 'RENDERING', log: process.env.NAME + ' makes ' + part });
      if (part === 2 && process.env.NAME === 'first') await new Promise(() => {});
    }
  });
const connection = { url: process.env.REDIS_URL };
new Worker('videos', makeVideo, { connection, lockDuration: 3000, stalledInterval: 500, maxStalledCount: 10 });
`;

test('a job whose worker was killed goes on in another one as a new attempt, and ends once', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const files = { 'worker.js': WORKER, 'package.json': '{"type":"module"}' };
  const folder = recipeFolder(t, files, ['bullmq', 'run-progress']);
  const start = (name: string) => {
    const env = { PATH: process.env.PATH, REDIS_URL: redis.url, NAME: name };
    const worker = startProgram(process.execPath, ['worker.js'], { cwd: folder, env });
    t.after(() => worker.stop('SIGKILL'));
    return worker;
  };
  const first = start('first');
  const queue = new Queue('videos', { connection: { url: redis.url } });
  t.after(() => queue.close());
  await queue.add('video', {}, { jobId: 'film' });
  const last = async () => (await readHistory(client, 'film')).at(-1);
  await pollUntil('the second part', async () => (await last())?.message === 'first makes 2');
  await first.stop('SIGKILL');
  start('second');
  await pollUntil('the end', async () => (await last())?.done);

  const events = (await readHistory(client, 'film')) as unknown as Record<string, unknown>[];
  assert.equal(new Set(events.map(({ attempt }) => attempt)).size, 2);
  assert.deepEqual(events.map(({ message }) => message).filter(Boolean), [
    'first makes 1',
    'first makes 2',
    'second makes 1',
    'second makes 2',
    'second makes 3',
  ]);
  const { state, progress, current, total } = events.at(-1) ?? {};
  assert.deepEqual([state, progress, current, total], ['END', 1, 3, 3]);
  assert.equal(events.filter(({ done }) => done).length, 1);
});
