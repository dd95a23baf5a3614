// One call of the record script, for one or more updates: what is sent, and what the answer means.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Recording } from '../runs/record.ts';
import { keyOf, type Settings } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';
import type { Nodes } from './nodes.ts';
import { parseReply, placed, settingsLines, updateLines } from './record-script.ts';
import { reasonOf } from './redis-client.ts';

const SCRIPT = readFileSync(new URL('./record.lua', import.meta.url), 'utf8');
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

/** An update on its way to Redis: as text, so that it is encoded once however often it is sent. */
export interface Sendable {
  readonly runId: string;
  /** The update's lines for record.lua. */
  readonly text: string;
  /** What it takes in a call. */
  readonly bytes: number;
}

/** `wantEvent`: the outcome brings the event. */
export function sendable(recording: Recording, wantEvent = false): Sendable {
  const text = updateLines(recording, wantEvent);
  return { runId: recording.runId, text, bytes: OVERHEAD_BYTES + Buffer.byteLength(text) };
}

/** The key, the place and what the protocol adds. */
const OVERHEAD_BYTES = 100;

export interface CallResult {
  /** One for each update, in order. */
  outcomes: Outcome[];
  /**
   * All of them failed, in a way that something between here and Redis may have to do with their size: the connection
   * broke, nothing came in time, or an error that no rule of Redis gives for a moment.
   */
  mayBeTooBig: boolean;
}

/** Never rejects. */
export type RecordCall = (batch: readonly Sendable[]) => Promise<CallResult>;

/** What of the nodes it needs. */
export type RecordNodes = Pick<Nodes, 'database' | 'of' | 'doubt'>;

export function createRecordCall(nodes: RecordNodes, settings: Settings): RecordCall {
  const head = settingsLines(settings, nodes.database);

  return async (batch) => {
    const all = (outcome: Outcome) => batch.map(() => outcome);
    const node = nodes.of(keyOf(settings.keyPrefix, batch[0]?.runId ?? ''));
    if (node?.commands.status !== 'ready') {
      const outcomes = all({ status: 'refused', reason: 'no connection to Redis' });
      return { outcomes, mayBeTooBig: false };
    }
    const places = new Map<string, number>();
    const keys: string[] = [];
    const updates = batch.map(({ runId, text }) => {
      const key = keyOf(settings.keyPrefix, runId);
      const place = places.get(key) ?? keys.push(key);
      places.set(key, place);
      return placed(text, place);
    });
    try {
      const reply = await run(node.commands, keys, [head, ...updates]);
      const outcomes = parseReply(reply, batch.length);
      const [first] = outcomes;
      if (first?.status === 'refused' && first.reason.startsWith('READONLY')) nodes.doubt(node);
      return { outcomes, mayBeTooBig: false };
    } catch (error) {
      if (!isReplyError(error)) {
        const reason = 'the connection to Redis broke before it answered';
        return { outcomes: all({ status: 'unknown', reason }), mayBeTooBig: true };
      }
      const status = wasNotRun(error) ? 'refused' : 'unknown';
      return {
        outcomes: all({ status, reason: reasonOf(error) }),
        mayBeTooBig: !PASSING.test(error.message),
      };
    }
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

/** What Redis answers as long as it takes nothing from anybody, or not from this user. */
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
