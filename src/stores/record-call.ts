// Calls the record script with one or more updates, and reads its answer.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { keyOf, type Settings } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';
import type { Nodes } from './nodes.ts';
import { line, MISSING, parseReply, type Sendable, settingsLines } from './record-script.ts';
import { reasonOf } from './redis-client.ts';

const SCRIPT = readFileSync(new URL('./record.lua', import.meta.url), 'utf8');
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

export interface CallResult {
  /** One for each update, in order. */
  outcomes: Outcome[];
  /**
   * All of them failed, perhaps because the call was too big: the connection broke, no answer came in time, or the error is
   * not one of those that Redis gives for a while to everybody.
   */
  mayBeTooBig: boolean;
}

/** Never rejects. */
export type RecordCall = (batch: readonly Sendable[]) => Promise<CallResult>;

/** What of the nodes it needs. */
export type RecordNodes = Pick<Nodes, 'database' | 'isCluster' | 'of' | 'doubt' | 'lookAgain'>;

/** Of a cluster's node a call takes one run, as a script must not touch several slots; else all of them. */
export function createRecordCall(nodes: RecordNodes, settings: Settings): RecordCall {
  const keyFor = (runId: string) => keyOf(settings.keyPrefix, runId);
  /** Connections to which the script is known: else it would be sent for each of many runs. */
  const taught = new WeakSet<Redis>();

  async function callNode(batch: readonly Sendable[], hasMoved = false): Promise<CallResult> {
    const all = (outcome: Outcome) => batch.map(() => outcome);
    const node = nodes.of(keyFor(batch[0]?.runId ?? ''));
    if (node?.commands.status !== 'ready') {
      const outcomes = all({ status: 'refused', reason: 'no connection to Redis' });
      return { outcomes, mayBeTooBig: false };
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
      const outcomes = parseReply(reply, batch.length);
      const [first] = outcomes;
      if (first?.status === 'refused') nodes.doubt(node, first.reason);
      return { outcomes, mayBeTooBig: false };
    } catch (error) {
      if (!isReplyError(error)) {
        const reason = 'the connection to Redis broke before it answered';
        return { outcomes: all({ status: 'unknown', reason }), mayBeTooBig: true };
      }
      // Nothing has failed: the slot is another node's now.
      if (/^-?MOVED\b/.test(error.message) && !hasMoved) {
        await nodes.lookAgain();
        return callNode(batch, true);
      }
      nodes.doubt(node, error.message);
      const status = wasNotRun(error) ? 'refused' : 'unknown';
      return {
        outcomes: all({ status, reason: reasonOf(error) }),
        mayBeTooBig: !PASSING.test(error.message),
      };
    }
  }

  /** At the same time, but for the call that teaches a node the script. */
  async function callEach(runs: readonly (readonly Sendable[])[]): Promise<CallResult[]> {
    const calls: Promise<CallResult>[] = [];
    for (const run of runs) {
      const commands = nodes.of(keyFor(run[0]?.runId ?? ''))?.commands;
      const call = callNode(run);
      calls.push(call);
      if (!commands || !taught.has(commands)) await call;
    }
    return Promise.all(calls);
  }

  async function callByRun(batch: readonly Sendable[]): Promise<CallResult> {
    const byRun = new Map<string, Sendable[]>();
    for (const item of batch) {
      const items = byRun.get(item.runId);
      if (items) items.push(item);
      else byRun.set(item.runId, [item]);
    }
    const runs = [...byRun.values()];
    const results = await callEach(runs);
    const outcomes = new Map(
      runs.flatMap((items, i) => items.map((item, place) => [item, results[i]?.outcomes[place]] as const)),
    );
    return {
      outcomes: batch.map((item) => outcomes.get(item) ?? MISSING),
      mayBeTooBig: results.every(({ mayBeTooBig }) => mayBeTooBig),
    };
  }

  return (batch) => (nodes.isCluster ? callByRun(batch) : callNode(batch));
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
