// The benchmark's end of the load generator.
import { spawn } from 'node:child_process';
import type { Figures, FromLoad, Turn, TurnProgress } from './turn.ts';

export interface Load {
  readonly pid: number;
  /** One at a time. Rejected if the turn can't be carried out, or when the process has ended. */
  run(turn: Turn, onProgress: (progress: TurnProgress) => void): Promise<Figures>;
  stop(): void;
}

export function startLoad(redisUrl: string): Load {
  const program = new URL('load.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: { PATH: process.env.PATH, REDIS_URL: redisUrl },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  process.on('exit', () => child.kill('SIGKILL'));
  const ended = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => reject(new Error(`the load generator ended (${code ?? signal})`)));
  });
  ended.catch(() => {}); // Reported by the turn that waits for it.

  function answer(onProgress: (progress: TurnProgress) => void) {
    return new Promise<Figures>((resolve, reject) => {
      const take = (message: FromLoad) => {
        if ('progress' in message) return onProgress(message.progress);
        child.off('message', take);
        if ('figures' in message) resolve(message.figures);
        else reject(new Error(message.error));
      };
      child.on('message', take);
    });
  }

  return {
    pid: child.pid ?? 0,
    run: (turn, onProgress) => {
      const figures = answer(onProgress);
      child.send(turn);
      return Promise.race([figures, ended]);
    },
    stop: () => {
      child.kill('SIGKILL');
    },
  };
}
