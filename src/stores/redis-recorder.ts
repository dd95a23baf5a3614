// Sends updates to the record script: in order, one call at a time, as many together as have come meanwhile.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { jsonText } from '../runs/json-text.ts';
import { type Recording, updateText } from '../runs/record.ts';
import type { HistoryOptions, Outcome } from '../runs/store.ts';
import { reasonOf } from './redis-client.ts';

const SCRIPT = readFileSync(new URL('./record.lua', import.meta.url), 'utf8');
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

/** A call of the script takes about 20 µs per update, in which Redis serves nobody else. */
const MAX_BATCH = 100;

export interface RedisRecorder {
  record(recordings: readonly Recording[], wantElements: boolean): Promise<Outcome[]>;
}

interface Call {
  recordings: readonly Recording[];
  wantElements: boolean;
  outcomes: Outcome[];
  resolve(outcomes: Outcome[]): void;
}

interface Entry {
  call: Call;
  recording: Recording;
}

export function createRedisRecorder(
  client: Redis,
  keyOf: (runId: string) => string,
  markerKey: string,
  options: HistoryOptions,
): RedisRecorder {
  const head = [
    String(options.historyLimit),
    String(options.runTtlMs),
    String(options.finishedTtlMs),
    `,${options.terminalStates.map(jsonText).join()},`,
  ];
  const waiting: Entry[] = [];
  let busy = false;

  /** One call at a time: a source's names must reach Redis in order, or a later one makes an earlier one a repeat. */
  async function drain() {
    busy = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      const outcomes = await send(batch);
      const last = outcomes.at(-1);
      const stop = last?.status === 'refused' || last?.status === 'unknown' ? last : null;
      // Of a call whose answer was lost all may have been recorded, not the first alone.
      const rest = stop?.status === 'unknown' ? stop : notTried(stop);
      for (const [i, { call }] of batch.entries()) settle(call, outcomes[i] ?? rest);
      // What waits behind an update that was refused would overtake it.
      if (stop) for (const { call } of waiting.splice(0)) settle(call, notTried(stop));
    }
    busy = false;
  }

  function notTried(stop: Outcome | null): Outcome {
    return { status: 'refused', reason: stop && 'reason' in stop ? stop.reason : 'not tried' };
  }

  function settle(call: Call, outcome: Outcome) {
    call.outcomes.push(outcome);
    if (call.outcomes.length === call.recordings.length) call.resolve(call.outcomes);
  }

  /** Outcomes of the batch; shorter than the batch if its last one is 'refused' or 'unknown'. */
  async function send(batch: readonly Entry[]): Promise<Outcome[]> {
    if (client.status !== 'ready') return [{ status: 'refused', reason: 'no connection to Redis' }];
    const keys = batch.map(({ recording }) => keyOf(recording.runId));
    const args = batch.flatMap(({ recording, call }) => {
      const { runId, state, progress, log, data, key } = updateText(recording);
      const { source, n } = recording.name;
      return [runId, source, String(n), state, progress, log, data, key, call.wantElements ? '1' : ''];
    });
    try {
      return parseReply(await run([markerKey, ...keys], [...head, ...args]));
    } catch (error) {
      const reason = isReplyError(error)
        ? reasonOf(error)
        : 'the connection to Redis broke before it answered';
      return [{ status: wasNotRun(error) ? 'refused' : 'unknown', reason }];
    }
  }

  async function run(keys: string[], args: string[]): Promise<unknown> {
    try {
      return await client.evalsha(SCRIPT_SHA, keys.length, ...keys, ...args);
    } catch (error) {
      if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await client.eval(SCRIPT, keys.length, ...keys, ...args);
    }
  }

  return {
    record: (recordings, wantElements) =>
      new Promise((resolve) => {
        if (recordings.length === 0) return resolve([]);
        const call: Call = { recordings, wantElements, outcomes: [], resolve };
        for (const recording of recordings) waiting.push({ call, recording });
        if (!busy) void drain();
      }),
  };
}

/** The reply of record.lua, which documents it. */
function parseReply(reply: unknown): Outcome[] {
  const [refusal, ...outcomes] = reply as [string, ...(string | number | [string])[]];
  const parsed = outcomes.map((outcome): Outcome => {
    if (outcome === 1) return { status: 'recorded' };
    if (outcome === 0) return { status: 'repeat' };
    if (outcome === -1) return { status: 'stale' };
    if (Array.isArray(outcome)) return { status: 'repeat', element: outcome[0] };
    const text = String(outcome);
    return text.startsWith('{')
      ? { status: 'recorded', element: text }
      : { status: 'rejected', reason: text };
  });
  if (refusal) parsed.push({ status: 'refused', reason: refusal });
  return parsed;
}

/**
 * Redis answered instead of running the script (-NOPERM, -LOADING, -MASTERDOWN …). An error from inside of it names the
 * script, and may have come after something was recorded.
 */
function wasNotRun(error: unknown): boolean {
  return isReplyError(error) && !/script/i.test(error.message);
}

/** ioredis gives Redis' own answers this name, and faults of the connection others. */
function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
