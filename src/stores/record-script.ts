// What record.lua takes and answers, which documents it. record-call.ts calls it.
import { jsonText } from '../runs/json-text.ts';
import type { Recording } from '../runs/record.ts';
import { channelPrefix, type HistoryOptions } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';

/** The script's first argument. `database`: the number of the one that the connection has selected. */
export function settingsLines(options: HistoryOptions, database: number): string {
  return lines({
    history_limit: options.historyLimit,
    ttl_ms: options.runTtlMs,
    finished_ttl_ms: options.finishedTtlMs,
    terminal_states: `,${options.terminalStates.map(jsonText).join()},`,
    channel_prefix: channelPrefix(database),
  });
}

/** An update as an argument, but for the place of its history, which `placed` adds. */
export function updateLines({ runId, update, name, key }: Recording, wantEvent: boolean): string {
  const { state, progress, current, total, advance, attempt, log, data } = update;
  return lines({
    run_id: jsonText(runId),
    source: name.source,
    n: name.n,
    state: optionalText(state),
    progress,
    current,
    total,
    advance,
    attempt,
    log: optionalText(log || undefined),
    data: optionalText(data),
    key: optionalText(key),
    want_event: wantEvent ? 1 : undefined,
  });
}

/** `place`: of the run's history among the script's keys, from 1. */
export function placed(updateText: string, place: number): string {
  return `history=${place}\n${updateText}`;
}

function optionalText(value: unknown): string | undefined {
  return value === undefined ? undefined : jsonText(value);
}

function lines(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => `${name}=${value}`).join('\n');
}

type Reply = [refusal: string, ...outcomes: (string | [string, string])[]];

/** An outcome for each of `count` updates. */
export function parseReply(reply: unknown, count: number): Outcome[] {
  const [refusal, ...outcomes] = reply as Reply;
  const missing: Outcome = { status: 'unknown', reason: 'the script gave no answer' };
  if (refusal !== '') return Array.from({ length: count }, () => ({ status: 'refused', reason: refusal }));
  return Array.from({ length: count }, (_, i) => parseOutcome(outcomes[i]) ?? missing);
}

function parseOutcome(outcome: Reply[number] | undefined): Outcome | null {
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
      return null;
  }
}
