// Sends updates to the record script: in order, one call at a time, as many together as have come meanwhile.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { jsonText } from '../runs/json-text.ts';
import { type Recording, updateText } from '../runs/record.ts';
import type { HistoryOptions } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';
import { reasonOf } from './redis-client.ts';

const SCRIPT = readFileSync(new URL('./record.lua', import.meta.url), 'utf8');
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

/** A call of the script takes about 10 µs per update, in which Redis serves nobody else. */
const MAX_BATCH = 250;

const MISSING: Outcome = { status: 'unknown', reason: 'the script gave no answer' };

export interface RedisRecorder {
  record(recordings: readonly Recording[], wantEntries: boolean): Promise<Outcome[]>;
}

interface Call {
  recordings: readonly Recording[];
  wantEntries: boolean;
  outcomes: Outcome[];
  resolve(outcomes: Outcome[]): void;
}

interface Waiting {
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
  const waiting: Waiting[] = [];
  let busy = false;

  /** One call at a time: a source's names must reach Redis in order, or a later one makes an earlier one a repeat. */
  async function drain() {
    busy = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH);
      const outcomes = await send(batch);
      for (const [i, { call }] of batch.entries()) settle(call, outcomes[i] ?? MISSING);
      // What waits behind an update that failed must not overtake it.
      const failure = outcomes.find(({ status }) => status === 'refused' || status === 'unknown');
      const reason = failure && 'reason' in failure ? failure.reason : '';
      if (failure) for (const { call } of waiting.splice(0)) settle(call, { status: 'refused', reason });
    }
    busy = false;
  }

  function settle(call: Call, outcome: Outcome) {
    call.outcomes.push(outcome);
    if (call.outcomes.length === call.recordings.length) call.resolve(call.outcomes);
  }

  async function send(batch: readonly Waiting[]): Promise<Outcome[]> {
    const all = (outcome: Outcome) => batch.map(() => outcome);
    if (client.status !== 'ready') return all({ status: 'refused', reason: 'no connection to Redis' });
    const places = new Map<string, number>();
    const keys = [markerKey];
    const updates = batch.map(({ recording, call }) => {
      const key = keyOf(recording.runId);
      const place = places.get(key) ?? keys.push(key);
      places.set(key, place);
      return updateLines(place, recording, call.wantEntries);
    });
    try {
      return parseReply(await run(keys, [...head, ...updates]), batch.length);
    } catch (error) {
      const reason = isReplyError(error)
        ? reasonOf(error)
        : 'the connection to Redis broke before it answered';
      return all({ status: wasNotRun(error) ? 'refused' : 'unknown', reason });
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
    record: (recordings, wantEntries) =>
      new Promise((resolve) => {
        if (recordings.length === 0) return resolve([]);
        const call: Call = { recordings, wantEntries, outcomes: [], resolve };
        for (const recording of recordings) waiting.push({ call, recording });
        if (!busy) void drain();
      }),
  };
}

/** As record.lua takes it: JSON text has no line ends of its own. */
function updateLines(place: number, recording: Recording, wantEntry: boolean): string {
  const { runId, state, progress, log, data, key } = updateText(recording);
  const { source, n } = recording.name;
  return [place, runId, source, n, state, progress, log, data, key, wantEntry ? 1 : ''].join('\n');
}

/** The reply of record.lua, which documents it. */
function parseReply(reply: unknown, count: number): Outcome[] {
  const [reason, ...outcomes] = reply as [string, ...(string | number | [string])[]];
  return Array.from({ length: count }, (_, i): Outcome => {
    const outcome = outcomes[i];
    if (outcome === undefined || outcome === -2) return { status: 'refused', reason };
    if (outcome === 1) return { status: 'recorded' };
    if (outcome === 0) return { status: 'repeat' };
    if (outcome === -1) return { status: 'stale' };
    if (Array.isArray(outcome)) return { status: 'repeat', entry: outcome[0] };
    const text = String(outcome);
    return text.startsWith('{') ? { status: 'recorded', entry: text } : { status: 'rejected', reason: text };
  });
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
