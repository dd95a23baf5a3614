// Workers that publish, in both languages, behind one interface: so that one suite serves both.
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { createPublisher, type ProgressUpdate } from '../../../src/publish/publisher.ts';
import { spawnPython } from './python.ts';

export interface Worker {
  /** Publishes "line <first>" to "line <end - 1>", each with a state and a progress. */
  publish(runId: string, first: number, end: number): Promise<void>;
  update(runId: string, update: ProgressUpdate): Promise<void>;
  flush(timeoutMs: number): Promise<boolean>;
  /** Warnings so far. */
  warnings(): string[];
  /** Fulfilled with the next one. */
  whenWarned(): Promise<string>;
  close(): Promise<void>;
}

export type StartWorker = (redisUrl: string, options?: { historyLimit?: number }) => Promise<Worker>;

export const startNodeWorker: StartWorker = async (redisUrl, { historyLimit = 5000 } = {}) => {
  const warnings: string[] = [];
  const warned = new EventEmitter();
  const publisher = createPublisher({
    redisUrl,
    historyLimit,
    onWarning: (warning) => {
      warnings.push(warning);
      warned.emit('warning', warning);
    },
  });
  return {
    publish: async (runId, first, end) => {
      for (let number = first; number < end; number++)
        void publisher.publish(runId, {
          state: 'A',
          progress: (number % 1000) / 1000,
          log: `line ${number}`,
        });
    },
    update: async (runId, update) => void publisher.publish(runId, update),
    flush: publisher.flush,
    warnings: () => warnings,
    whenWarned: async () => (await once(warned, 'warning'))[0],
    close: publisher.close,
  };
};

export interface PythonWorker extends Worker {
  /** Any action of worker.py. */
  call(name: string, ...args: unknown[]): Promise<unknown>;
}

export async function startPythonWorker(
  redisUrl: string,
  { historyLimit = 5000, ...options }: Record<string, unknown> = {},
): Promise<PythonWorker> {
  const given = JSON.stringify({ redis_url: redisUrl, history_limit: historyLimit, ...options });
  const child = spawnPython(['worker.py', given]);
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close');

  async function call(name: string, ...args: unknown[]): Promise<unknown> {
    child.stdin.write(`${JSON.stringify([name, ...args])}\n`);
    const { value, done } = await answers.next();
    if (done) throw new Error(`the worker ended: ${stderr}`);
    return JSON.parse(value);
  }

  return {
    call,
    publish: async (runId, first, end) => void (await call('publish', runId, first, end)),
    update: async (runId, update) => void (await call('update', runId, update)),
    flush: async (timeoutMs) => (await call('flush', timeoutMs / 1000)) === true,
    warnings: () => stderr.split('\n').filter((line) => line !== ''),
    whenWarned: async () => (await once(child.stderr, 'data'))[0],
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
