// What record.lua takes and answers, which documents it. record-call.ts calls it.
import { jsonText } from '../runs/json-text.ts';
import type { Recording } from '../runs/recording.ts';
import { channelPrefix, type HistoryOptions } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';

/** The script's first argument. `database`: the number of the one that the connection has selected. */
export function settingsLines(options: HistoryOptions, database: number, isCluster: boolean): string {
  return (
    line('history_limit', options.historyLimit) +
    line('ttl_ms', options.runTtlMs) +
    line('finished_ttl_ms', options.finishedTtlMs) +
    line('terminal_states', `,${options.terminalStates.map(jsonText).join()},`) +
    line('channel_prefix', channelPrefix(database)) +
    line('publish', isCluster ? 'SPUBLISH' : 'PUBLISH')
  );
}

/** An update, encoded once for all tries. */
export interface Sendable {
  readonly runId: string;
  /** As an argument, but for `history`, the place of its run among the keys from 1: the call adds this line. */
  readonly text: string;
  /** Its size within a call. */
  readonly bytes: number;
}

/** For the key, the place and the protocol. */
const OVERHEAD_BYTES = 100;

/** With `wantEvent` the outcome contains the event. */
export function sendable(recording: Recording, wantEvent = false): Sendable {
  const { runId, update, name, key, silenceMs } = recording;
  const { state, progress, current, total, advance, attempt, log, data } = update;
  const text =
    line('run_id', jsonText(runId)) +
    line('source', name.source) +
    line('n', name.n) +
    line('state', optionalText(state)) +
    line('progress', progress) +
    line('current', current) +
    line('total', total) +
    line('advance', advance) +
    line('attempt', attempt) +
    line('log', optionalText(log || undefined)) +
    line('data', optionalText(data)) +
    line('key', optionalText(key)) +
    line('silence_ms', silenceMs) +
    line('want_event', wantEvent ? 1 : undefined);
  return { runId, text, bytes: OVERHEAD_BYTES + Buffer.byteLength(text) };
}

function optionalText(value: unknown): string | undefined {
  return value === undefined ? undefined : jsonText(value);
}

/** Joined as text, as this is done for every update: a list of them took a tenth of the service's time in a burst. */
export function line(name: string, value: string | number | undefined): string {
  return value === undefined ? '' : `${name}=${value}\n`;
}

type Reply = [refusal: string, ...outcomes: (string | [string, string])[]];

/** What became of an update. */
export type Result<T> = readonly [item: T, outcome: Outcome];

export function parseReply<T>(reply: unknown, batch: readonly T[]): Result<T>[] {
  const [refusal, ...outcomes] = reply as Reply;
  return batch.map((item, i) => [
    item,
    refusal === '' ? parseOutcome(outcomes[i]) : { status: 'refused', reason: refusal },
  ]);
}

function parseOutcome(outcome: Reply[number] | undefined): Outcome {
  const [status, text] = Array.isArray(outcome) ? outcome : [outcome];
  switch (status) {
    case 'recorded':
    case 'repeat':
      return text === undefined ? { status } : { status, event: text };
    case 'stale':
    case 'superseded':
      return { status };
    case 'rejected':
      return { status, reason: text ?? '' };
    default:
      return { status: 'unknown', reason: 'the script gave no answer' };
  }
}
