// The record rule: how an update becomes the next entry of a run's history. record.lua says the same to Redis; the
// store contract holds the two to each other, entry by entry.
import { jsonText } from './json-text.ts';
import type { Update } from './update.ts';

/**
 * The name of an update: two updates of a run with the same name are one update that was sent twice.
 *
 * `source` is a publisher's random id (it begins with a letter), or for a raw message the epoch of the marker that it
 * was counted from (digits: microseconds). `n` counts up from 1 within the source.
 */
export interface Name {
  source: string;
  n: number;
}

/** An update, named, for one run. */
export interface Recording {
  runId: string;
  update: Update;
  name: Name;
  /** An idempotency key: an update that bears one which the history holds already is a repeat. Visible ASCII or spaces. */
  key?: string;
}

/** Remembered per run. Of a publisher that many others have followed a repeat is no longer known as one. */
export const REMEMBERED_SOURCES = 8;
/**
 * An epoch older than so many newer ones counts as a repeat, for all that is known. Each reconnection of a server begins
 * one: with eight, servers cut seven times a second lost what one of them, a second behind, had heard alone.
 */
export const REMEMBERED_EPOCHS = 32;

/** Fields as JSON text, empty where absent: they are put into entries as they are, never decoded on the way. */
export interface UpdateText {
  runId: string;
  state: string;
  progress: string;
  log: string;
  data: string;
  key: string;
}

export function updateText({ runId, update, key }: Recording): UpdateText {
  return {
    runId: jsonText(runId),
    state: update.state === undefined ? '' : jsonText(update.state),
    progress: update.progress === undefined ? '' : String(update.progress),
    log: update.log ? jsonText(update.log) : '',
    data: update.data === undefined ? '' : jsonText(update.data),
    key: key === undefined ? '' : jsonText(key),
  };
}

export interface RecordContext {
  /** Now, in microseconds: the first id of a list that is new. */
  clockMicros: number;
  /** The newest epoch that the store knows; 0 without markers. */
  newestEpoch: number;
  isTerminal(stateText: string): boolean;
}

export type Recorded = { entry: string; done: boolean } | 'repeat' | 'stale';

const HEAD = /(\d+),"ts":\d+,"state":(.*?),"progress":([^,]+),"message":/y;
const TAIL =
  /,"record":\{"started":(\d+),"set":"(\d+) (\d+) (\d+)","epochs":"([^"]*)","sources":"([^"]*)"(?:,"key":"(?:[^"\\]|\\.)*")?\}\}$/;

/**
 * The entry that follows `last` (`null`: a new list): folded state, next id, remembered names.
 *
 * 'repeat' when the update's name was recorded already, 'stale' when its epoch is older than the remembered ones.
 */
export function recordUpdate(last: string | null, recording: Recording, context: RecordContext): Recorded {
  const text = updateText(recording);
  const { name } = recording;
  const prefix = `{"type":"progress","run_id":${text.runId},"id":`;
  const ts = Math.floor(context.clockMicros / 1000);
  const before = (last === null ? null : readEntry(last, prefix)) ?? {
    id: context.clockMicros - 1,
    state: 'null',
    progress: 'null',
    // The first id: what bears it as its own is the beginning of a list.
    started: String(context.clockMicros),
    set: [0, 0, 0] as const,
    epochs: '',
    sources: '',
  };
  let { epochs, sources } = before;
  const isRaw = isEpoch(name.source);
  const remembered = remember(isRaw ? epochs : sources, name, isRaw);
  if (remembered === 'repeat' || remembered === 'stale') return remembered;
  if (isRaw) epochs = remembered;
  else sources = remembered;

  const [setState, setProgress, setData] = before.set;
  const epoch = isRaw ? Number(name.source) : Math.max(context.newestEpoch, setState, setProgress, setData);
  const takesState = text.state !== '' && epoch >= setState;
  const takesProgress = text.progress !== '' && epoch >= setProgress;
  const takesData = text.data !== '' && epoch >= setData;
  const state = takesState ? text.state : before.state;
  const progress = takesProgress ? text.progress : before.progress;
  const done = context.isTerminal(state);
  const set = [
    takesState ? epoch : setState,
    takesProgress ? epoch : setProgress,
    takesData ? epoch : setData,
  ];
  const entry =
    `${prefix}${before.id + 1},"ts":${ts},"state":${state},"progress":${progress},"message":${text.log || '""'}` +
    `${takesData ? `,"data":${text.data}` : ''}${done ? ',"done":true' : ''}` +
    `,"record":{"started":${before.started},"set":"${set.join(' ')}","epochs":"${epochs}","sources":"${sources}"${text.key && `,"key":${text.key}`}}}`;
  return { entry, done };
}

/** Whether the entry was recorded with this idempotency key. */
export function bearsKey(entry: string, key: string): boolean {
  return entry.endsWith(`","key":${jsonText(key)}}}`);
}

function readEntry(entry: string, prefix: string) {
  if (!entry.startsWith(prefix)) return null;
  HEAD.lastIndex = prefix.length;
  const head = HEAD.exec(entry);
  const tail = TAIL.exec(entry);
  if (!head || !tail) return null;
  const [, id, state = '', progress = ''] = head;
  const [, started = '', state0, progress0, data0, epochs = '', sources = ''] = tail;
  const set = [Number(state0), Number(progress0), Number(data0)] as const;
  return { id: Number(id), state, progress, started, set, epochs, sources };
}

function isEpoch(source: string): boolean {
  return /^\d+$/.test(source);
}

/**
 * A list "source=n source=n" with the name put in. Publishers stand in the order of their last update; epochs by age,
 * so that what falls out of the list is the oldest, and one that is older still is known to be.
 */
function remember(list: string, name: Name, byAge: boolean): string | 'repeat' | 'stale' {
  const parts = list === '' ? [] : list.split(' ').map((part) => part.split('=') as [string, string]);
  const known = parts.find(([source]) => source === name.source);
  if (known && name.n <= Number(known[1])) return 'repeat';
  const others = parts.filter((part) => part !== known);
  const found = byAge ? others.findIndex(([source]) => Number(source) < Number(name.source)) : 0;
  const place = found === -1 ? others.length : found;
  const most = byAge ? REMEMBERED_EPOCHS : REMEMBERED_SOURCES;
  if (place >= most) return 'stale';
  others.splice(place, 0, [name.source, String(name.n)]);
  return others
    .slice(0, most)
    .map((part) => part.join('='))
    .join(' ');
}
