// The first of several processes: it serves nobody itself. It starts the others, starts another one where one dies, and
// ends them in order. Connections are handed to them in turns, so that each has its share.
import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import type { Members } from './members.ts';
import { createWorkerPort } from './worker-port.ts';

export interface PrimaryOptions {
  processes: number;
  /** What each of them counts for. */
  members: Members;
  /** Their environment, beside this one's. */
  workerEnv: Readonly<Record<string, string>>;
  /** From the signal on: a process that has not ended by then is killed. */
  closeMs: number;
  /** All serve, at this port. */
  onServing(port: number): void;
  /** One has ended before all served. No other is started: what it failed for, all would. */
  onFailedStart(): void;
  log: Logger;
}

export interface Primary {
  /** Passes the signal on. Fulfilled when all have ended. */
  close(signal: NodeJS.Signals): Promise<void>;
  /** All, at once. */
  kill(): void;
}

/** A process that has lived so long did not fail at its start. */
const STEADY_MS = 10_000;
const FIRST_DELAY_MS = 100;
const MOST_DELAY_MS = 10_000;

/** Before the next process is started, after so many in a row that died young. */
export function restartDelayMs(youngDeaths: number): number {
  return youngDeaths === 0 ? 0 : Math.min(MOST_DELAY_MS, FIRST_DELAY_MS * 2 ** (youngDeaths - 1));
}

export function startPrimary(options: PrimaryOptions): Primary {
  const { processes, members, workerEnv, closeMs, onServing, onFailedStart, log } = options;
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const running = new Map<Worker, { since: number; leave(): void }>();
  const serving = new Set<Worker>();
  let hasServed = false;
  let isClosing = false;
  let youngDeaths = 0;
  let onAllEnded = () => {};

  function start() {
    if (isClosing) return;
    const worker = cluster.fork(workerEnv);
    running.set(worker, { since: performance.now(), leave: members.join(createWorkerPort(worker)) });
    worker.once('listening', ({ port }) => {
      log.info({ worker: worker.id, pid: worker.process.pid }, 'a process serves');
      serving.add(worker);
      if (hasServed || serving.size < processes) return;
      hasServed = true;
      onServing(port);
    });
  }

  function restart(worker: Worker, lifeMs: number, how: { code: number; signal: string }) {
    if (!hasServed) {
      isClosing = true;
      onFailedStart();
      return;
    }
    youngDeaths = lifeMs < STEADY_MS ? youngDeaths + 1 : 0;
    const delayMs = restartDelayMs(youngDeaths);
    const ended = { worker: worker.id, pid: worker.process.pid, ...how, delayMs };
    log.error(ended, 'a process has ended: its readers come back, and another one starts');
    setTimeout(start, delayMs);
  }

  cluster.on('exit', (worker, code, signal) => {
    const { since, leave } = running.get(worker) ?? { since: 0, leave: () => {} };
    leave();
    running.delete(worker);
    serving.delete(worker);
    if (!isClosing) restart(worker, performance.now() - since, { code, signal });
    else if (running.size === 0) onAllEnded();
  });

  function signalAll(signal: NodeJS.Signals) {
    for (const worker of running.keys()) worker.process.kill(signal);
  }

  for (let i = 0; i < processes; i++) start();
  return {
    close: async (signal) => {
      isClosing = true;
      signalAll(signal);
      if (running.size === 0) return;
      const deadline = setTimeout(() => {
        log.warn({ processes: running.size }, 'not ended in time: killed');
        signalAll('SIGKILL');
      }, closeMs);
      await new Promise<void>((resolve) => {
        onAllEnded = resolve;
      });
      clearTimeout(deadline);
    },
    kill: () => {
      isClosing = true;
      signalAll('SIGKILL');
    },
  };
}
