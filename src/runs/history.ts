// A history: a run's newest events, in memory. A capped log without I/O. Ids are dense: each is the one before + 1.
import type { RunEvent } from './event.ts';

export interface History {
  /** Ids of both ends; 0 while empty. */
  readonly firstId: number;
  readonly lastId: number;
  readonly events: readonly RunEvent[];
  readonly last: RunEvent | undefined;

  /**
   * Adds the next event; beyond the limit the oldest one goes. Returns false, and adds nothing, if the id isn't the last
   * one + 1. An empty history takes only the first event of a list.
   */
  append(event: RunEvent): boolean;
  /** Whether it holds this event, byte for byte. */
  holds(event: RunEvent): boolean;
  /**
   * The events after this id, or the first 128 KiB of them: a reader far behind gets its history in parts. `null` if the
   * id is ahead, or if events between it and the history are gone.
   */
  after(id: number): readonly RunEvent[] | null;
  /** Takes over the events of the store's list. */
  merge(events: readonly RunEvent[]): Continuity;
}

/**
 * How a list that was read from the store relates to the history.
 * 'same': it continues the history, perhaps with events that were missed. Cursors keep their meaning.
 * 'lost': it ends below the history, or holds another event under the last id. The list was lost and began again.
 */
export type Continuity = 'same' | 'lost';

const MAX_PART_CHARACTERS = 128 * 1024;

export function createHistory(limit: number): History {
  let events: RunEvent[] = [];

  const history: History = {
    get firstId() {
      return events[0]?.id ?? 0;
    },
    get lastId() {
      return events.at(-1)?.id ?? 0;
    },
    get events() {
      return events;
    },
    get last() {
      return events.at(-1);
    },
    append: (event) => {
      if (events.length === 0 ? event.id !== event.started : event.id !== history.lastId + 1) return false;
      events.push(event);
      if (events.length > limit) events.shift();
      return true;
    },
    holds: (event) => events[event.id - history.firstId]?.json === event.json,
    after: (id) => {
      const { firstId, lastId } = history;
      if (events.length === 0 || id > lastId || id < firstId - 1) return null;
      return firstPart(events.slice(id + 1 - firstId));
    },
    merge: (listed) => {
      const newer = denseEnd(listed);
      const last = events.at(-1);
      const end = newer.at(-1)?.id ?? 0;
      const twin = last && newer[last.id - (newer[0]?.id ?? 0)];
      const isSame = !last || (end >= last.id && (!twin || twin.json === last.json));
      // With equal ends the history stays, as it may reach further back than the list.
      if (!isSame || !last || end > last.id)
        events = (twin && isSame ? [...events, ...newer.filter(({ id }) => id > last.id)] : newer).slice(
          -limit,
        );
      return isSame ? 'same' : 'lost';
    },
  };
  return history;
}

function firstPart(events: readonly RunEvent[]): readonly RunEvent[] {
  let length = 0;
  const end = events.findIndex(({ json }) => {
    length += json.length;
    return length > MAX_PART_CHARACTERS;
  });
  return events.slice(0, end === -1 ? events.length : Math.max(end, 1));
}

/** The events behind the last hole in the ids: another program may have put an entry into the list, or removed one. */
function denseEnd(events: readonly RunEvent[]): readonly RunEvent[] {
  let start = events.length - 1;
  while (start > 0 && events[start - 1]?.id === (events[start]?.id ?? 0) - 1) start--;
  return events.slice(Math.max(start, 0));
}
