// The BullMQ recipe of docs/recipes.md, run as it stands there against a real Redis.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Queue } from 'bullmq';
import { guideBlock } from '../support/guide.ts';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startProgram } from '../support/program.ts';
import { startRedis } from '../support/redis.ts';
import { recipeFolder } from './folder.ts';

const JOB = `
export async function makeVideo(job) {
  await job.updateProgress(50);
  if (job.data.failures > job.attemptsMade) throw new Error('no space');
  return { url: '/videos/1.mp4' };
}
`;

test('jobs of BullMQ report their progress, their attempts and their end', async (t) => {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const files = {
    'worker.js': guideBlock('recipes', 'bullmq'),
    'make-video.js': JOB,
    'package.json': '{"type":"module"}',
  };
  const folder = recipeFolder(t, files, ['bullmq', 'run-progress']);
  const env = { PATH: process.env.PATH, REDIS_URL: redis.url };
  const worker = startProgram(process.execPath, ['worker.js'], { cwd: folder, env });
  t.after(() => worker.stop('SIGKILL'));

  const queue = new Queue('videos', { connection: { url: redis.url } });
  t.after(() => queue.close());
  const retried = { attempts: 2, backoff: { type: 'fixed', delay: 1 } };
  await queue.add('video', { failures: 0 }, { jobId: 'good' });
  await queue.add('video', { failures: 1 }, { jobId: 'second', ...retried });
  await queue.add('video', { failures: 2 }, { jobId: 'bad', ...retried });
  const runs = ['videos-good', 'videos-second', 'videos-bad'];
  const ended = await pollUntil('the ends of all runs', async () => {
    const histories = await Promise.all(runs.map((run) => readHistory(client, run)));
    return histories.every((events) => /END|FAILED/.test(events.at(-1)?.state ?? '')) && histories;
  });

  const seen = ended.map((events) =>
    events.map(({ state, progress, message, attempt }) => [attempt, state, progress, message]),
  );
  const firstFailed = [
    [0, 'ACTIVE', null, ''],
    [0, 'ACTIVE', 0.5, ''],
    [0, 'ACTIVE', 0.5, 'no space: it is tried again'],
    [1, 'ACTIVE', null, ''],
    [1, 'ACTIVE', 0.5, ''],
  ];
  assert.deepEqual(seen, [
    [
      [0, 'ACTIVE', null, ''],
      [0, 'ACTIVE', 0.5, ''],
      [0, 'END', 1, ''],
    ],
    [...firstFailed, [1, 'END', 1, '']],
    [...firstFailed, [1, 'FAILED', 0.5, 'no space']],
  ]);
  assert.deepEqual(ended[0]?.at(-1)?.data, { url: '/videos/1.mp4' });
  assert.deepEqual(await worker.stop('SIGTERM'), { code: 0, signal: null });
});
