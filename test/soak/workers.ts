// Workers: what publishes, by a bare PUBLISH, through both publishers, and over HTTP with a key.
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createPublisher, type ProgressUpdate } from '../../src/publish/publisher.ts';
import { startPythonWorker } from '../publish/support/worker.ts';
import { publishAnswer } from '../support/publish.ts';
import type { Random } from '../support/random.ts';
import type { Fleet } from './fleet.ts';
import type { Ledger, Via } from './ledger.ts';

export interface Workers {
  /** Hands it over: to Redis (raw), to a publisher that sees to it, or to a server until that has recorded it. */
  publish(via: Via, runId: string, update: ProgressUpdate & { log: string }): Promise<void>;
  /** True when everything that the publishers were given is recorded. */
  flush(timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

const HISTORY_LIMIT = 100_000;
const REPEAT_MS = 100;
/** A server that stands still answers late: then another one is asked. */
const ANSWER_MS = 3000;

export async function startWorkers(
  redisUrl: string,
  fleet: Fleet,
  ledger: Ledger,
  random: Random,
): Promise<Workers> {
  // A message that is sent again would be two messages: whether one was sent must be known.
  const raw = new Redis(redisUrl, {
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
  });
  raw.on('error', () => {}); // Redis goes away: that is what this is about.
  const publisher = createPublisher({ redisUrl, historyLimit: HISTORY_LIMIT, onWarning: () => {} });
  const python = await startPythonWorker(redisUrl, { historyLimit: HISTORY_LIMIT });

  async function publishRaw(runId: string, update: ProgressUpdate & { log: string }) {
    try {
      await raw.publish('autoshorts:progress', JSON.stringify({ run_id: runId, ...update }));
    } catch {
      // No connection, or it broke on the way.
      ledger.giveUp(update.log);
    }
  }

  async function publishOverHttp(runId: string, update: ProgressUpdate & { log: string }) {
    const headers = { 'Idempotency-Key': Buffer.from(update.log).toString('base64url') };
    for (;;) {
      const { service } = fleet.member(random.below(fleet.size));
      try {
        const { status } = await publishAnswer(service, runId, update, headers, ANSWER_MS);
        if (status === 201) return;
      } catch {
        // The server is gone, or stands still: the same again, with the same key.
      }
      await pause(REPEAT_MS);
    }
  }

  return {
    publish: async (via, runId, update) => {
      ledger.enter(runId, via, update.log);
      if (via === 'raw') await publishRaw(runId, update);
      else if (via === 'typescript') publisher.publish(runId, update);
      else if (via === 'python') await python.update(runId, update);
      else await publishOverHttp(runId, update);
    },
    flush: async (timeoutMs) => {
      const flushed = await Promise.all([publisher.flush(timeoutMs), python.flush(timeoutMs)]);
      return flushed.every(Boolean);
    },
    stop: async () => {
      raw.disconnect();
      await publisher.close();
      await python.close();
    },
  };
}
