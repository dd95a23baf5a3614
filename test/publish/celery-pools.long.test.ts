// A Celery worker without processes: its tasks are green threads, threads, or run in the worker itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHistory } from '../support/history-list.ts';
import { pollUntil } from '../support/poll-until.ts';
import { startRedis } from '../support/redis.ts';
import { startCeleryProgram } from './support/celery-program.ts';

for (const pool of ['gevent', 'eventlet', 'threads', 'solo'])
  test(`tracked tasks count, end and fail in a worker of the pool ${pool}`, async (t) => {
    const redis = await startRedis();
    t.after(redis.stop);
    const client = await redis.client();
    const environment = { REDIS_URL: redis.url, BROKER_URL: redis.url };
    const worker = await startCeleryProgram('celery_pools', environment, [
      `--pool=${pool}`,
      '--concurrency=8',
    ]);
    t.after(() => worker.stop('SIGKILL'));
    await worker.run('send()');
    for (let number = 0; number < 8; number++) {
      const events = await pollUntil(`the end of r${number}`, async () => {
        const events = await readHistory(client, `r${number}`);
        return events.at(-1)?.done && events;
      });
      const { state, message, current, total } = events.at(-1) as unknown as Record<string, unknown>;
      const failed = { state: 'FAILED', message: 'ValueError: bad', current: 3, total: 3 };
      const ended = { state: 'END', message: '', current: 3, total: 3 };
      assert.deepEqual({ state, message, current, total }, number % 2 === 0 ? ended : failed);
      assert.deepEqual(
        events.map(({ message }) => message).filter((message) => message.startsWith('part')),
        [0, 1, 2].map((part) => `part ${part} of r${number}`),
      );
    }
  });
