// Calls the record script with one or more updates, and reads its answer.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { keyOf, type Settings } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';
import { isAnswering } from './connection-problem.ts';
import type { Nodes } from './nodes.ts';
import { line, parseReply, type Result, type Sendable, settingsLines } from './record-script.ts';
import { reasonOf } from './redis-client.ts';

const SCRIPT = readFileSync(new URL('./record.lua', import.meta.url), 'utf8');
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

export interface CallResult<T> {
  /** One for each update, in order within a run. */
  results: Result<T>[];
  /**
   * All of them failed, perhaps because the call was too big: the connection broke, no answer came in time, or the error is
   * not one of those that Redis gives for a while to everybody.
   */
  mayBeTooBig: boolean;
}

export interface RecordScript {
  /** Never rejects. */
  call<T extends Sendable>(batch: readonly T[]): Promise<CallResult<T>>;
  /** Whether the update's Redis answers a small command. If it does, the failure of a single update is due to that update. */
  isAnswering(item: Sendable): Promise<boolean>;
}

/** What of the nodes it needs. */
export type RecordNodes = Pick<Nodes, 'database' | 'isCluster' | 'of' | 'doubt' | 'lookAgain'>;

/** Of a cluster's node a call takes one run, as a script must not touch several slots; else all of them. */
export function createRecordScript(nodes: RecordNodes, settings: Settings): RecordScript {
  const keyFor = (runId: string) => keyOf(settings.keyPrefix, runId);
  /** Connections to which the script is known: else it would be sent for each of many runs. */
  const taught = new WeakSet<Redis>();

  async function callNode<T extends Sendable>(batch: readonly T[], hasMoved = false): Promise<CallResult<T>> {
    const all = (outcome: Outcome) => batch.map((item): Result<T> => [item, outcome]);
    const node = nodes.of(keyFor(batch[0]?.runId ?? ''));
    if (node?.commands.status !== 'ready') {
      const results = all({ status: 'refused', reason: 'no connection to Redis' });
      return { results, mayBeTooBig: false };
    }
    const places = new Map<string, number>();
    const keys: string[] = [];
    const updates = batch.map(({ runId, text }) => {
      const place = places.get(runId) ?? keys.push(keyFor(runId));
      places.set(runId, place);
      return line('history', place) + text;
    });
    const head = settingsLines(settings, nodes.database, nodes.isCluster);
    try {
      const reply = await run(node.commands, keys, [head, ...updates]);
      taught.add(node.commands);
      const results = parseReply(reply, batch);
      const outcome = results[0]?.[1];
      if (outcome?.status === 'refused') nodes.doubt(node, outcome.reason);
      return { results, mayBeTooBig: false };
    } catch (error) {
      if (!isReplyError(error)) {
        const reason = 'the connection to Redis broke before it answered';
        return { results: all({ status: 'unknown', reason }), mayBeTooBig: true };
      }
      // Nothing has failed: the slot is another node's now.
      if (/^-?MOVED\b/.test(error.message) && !hasMoved) {
        await nodes.lookAgain();
        return callNode(batch, true);
      }
      nodes.doubt(node, error.message);
      const status = wasNotRun(error) ? 'refused' : 'unknown';
      return {
        results: all({ status, reason: reasonOf(error) }),
        mayBeTooBig: !PASSING.test(error.message),
      };
    }
  }

  /** At the same time, but for the call that teaches a node the script. */
  async function callByRun<T extends Sendable>(batch: readonly T[]): Promise<CallResult<T>> {
    const byRun = new Map<string, T[]>();
    for (const item of batch) {
      const items = byRun.get(item.runId);
      if (items) items.push(item);
      else byRun.set(item.runId, [item]);
    }
    const calls: Promise<CallResult<T>>[] = [];
    for (const [runId, items] of byRun) {
      const commands = nodes.of(keyFor(runId))?.commands;
      const call = callNode(items);
      calls.push(call);
      if (!commands || !taught.has(commands)) await call;
    }
    const answers = await Promise.all(calls);
    return {
      results: answers.flatMap(({ results }) => results),
      mayBeTooBig: answers.every(({ mayBeTooBig }) => mayBeTooBig),
    };
  }

  return {
    call: (batch) => (nodes.isCluster ? callByRun(batch) : callNode(batch)),
    isAnswering: ({ runId }) => isAnswering(nodes.of(keyFor(runId))?.commands),
  };
}

async function run(client: Redis, keys: string[], args: string[]): Promise<unknown> {
  try {
    return await client.evalsha(SCRIPT_SHA, keys.length, ...keys, ...args);
  } catch (error) {
    if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return await client.eval(SCRIPT, keys.length, ...keys, ...args);
  }
}

/** Errors that Redis gives while it accepts nothing, from anybody or from this user. */
const PASSING =
  /^-?(?:OOM|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|MISCONF|NOREPLICAS|NOPERM|NOAUTH|WRONGPASS|BUSY|UNKILLABLE|TRYAGAIN|CROSSSLOT|MOVED|ASK)\b/;

/**
 * Redis answered instead of running the script (-NOPERM, -LOADING, -MASTERDOWN …). An error from inside of it names the
 * script, and may have come after something was recorded.
 */
function wasNotRun(error: Error): boolean {
  return !/script/i.test(error.message);
}

/** ioredis gives Redis' own answers this name, and faults of the connection others. */
function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
