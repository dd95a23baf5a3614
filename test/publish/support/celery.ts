// A real Celery worker whose tasks (celery_app.py) publish: a pool of two forked processes.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RedisServer } from '../../support/redis.ts';
import { spawnPython, whenEnded } from './python.ts';

export interface CeleryWorker {
  /** Fulfilled when its log has this so many times. */
  logged(pattern: RegExp, times?: number): Promise<void>;
  /** Hands it tasks: each publishes "line <first>" to "line <end - 1>" of a run. */
  send(...jobs: [runId: string, first: number, end: number][]): Promise<void>;
  /** SIGTERM: it finishes what it has, and ends. */
  stop(): Promise<void>;
}

/** Its tasks publish to `redisUrl`. Fulfilled when it takes tasks. */
export async function startCelery(broker: RedisServer, redisUrl: string): Promise<CeleryWorker> {
  const environment = { BROKER_URL: broker.url, REDIS_URL: redisUrl, HISTORY_LIMIT: '5000' };
  const worker = spawnPython(
    ['-m', 'celery', '-A', 'celery_app', 'worker', '--pool=prefork', '--concurrency=2', '--loglevel=INFO'],
    environment,
  );
  let log = '';
  for (const stream of [worker.stdout, worker.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      worker.emit('log');
    });
  const logged = async (pattern: RegExp, times = 1) => {
    while ((log.match(pattern)?.length ?? 0) < times) {
      if (worker.exitCode !== null) throw new Error(`Celery ended: ${log}`);
      await once(worker, 'log');
    }
  };
  const send = async (...jobs: Parameters<CeleryWorker['send']>) => {
    const code = `import celery_app\nfor job in ${JSON.stringify(jobs)}: celery_app.job.delay(*job)`;
    const { code: status, stderr } = await whenEnded(spawnPython(['-c', code], environment));
    assert.equal(status, 0, stderr);
  };
  await logged(/ ready\./g);
  return {
    logged,
    send,
    stop: async () => {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      worker.kill('SIGTERM');
      await once(worker, 'exit');
    },
  };
}
