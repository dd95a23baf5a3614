// Python code that publishes to a Redis of its own.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Redis } from 'ioredis';
import { readHistory, type StoredEvent } from '../../support/history-list.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { type PythonResult, spawnPython, whenEnded } from './python.ts';

export interface PythonTrial {
  readonly redis: RedisServer;
  readonly client: Redis;
  /** Runs the code, or a script of this folder with its arguments, to its end. REDIS_URL and REDIS_PID are set. */
  run(code: string | readonly string[], environment?: Record<string, string>): Promise<PythonResult>;
  /** As `run`. Fails unless it exits with 0 and says nothing on standard error; gives its standard output. */
  runWell(code: string | readonly string[], environment?: Record<string, string>): Promise<string>;
  read(runId: string): Promise<StoredEvent[]>;
}

/** The Redis ends with the test. */
export async function startPythonTrial(t: TestContext): Promise<PythonTrial> {
  const redis = await startRedis();
  t.after(redis.stop);
  const client = await redis.client();
  const run: PythonTrial['run'] = (code, environment = {}) => {
    const args = typeof code === 'string' ? ['-c', code] : code;
    return whenEnded(spawnPython(args, { REDIS_URL: redis.url, REDIS_PID: `${redis.pid}`, ...environment }));
  };
  return {
    redis,
    client,
    run,
    runWell: async (code, environment) => {
      const { code: status, stdout, stderr } = await run(code, environment);
      assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
      return stdout;
    },
    read: (runId) => readHistory(client, runId),
  };
}
