// An event: an element of a history, read.
import type { JsonObject } from './json-text.ts';

export interface RunEvent {
  /** The element as it is stored: two events are the same event if these are the same. */
  readonly element: string;
  readonly id: number;
  /** When it was recorded, and when the run's first event was: ms since 1970, by the store's clock. */
  readonly ts: number;
  readonly started: number;
  /** Folded: the run's values after this event; null until a publisher gave one. */
  readonly state: string | null;
  readonly progress: number | null;
  /** The log line, '' without one. */
  readonly message: string;
  readonly data?: JsonObject;
  /** The run is in a terminal state. */
  readonly done: boolean;
}

/** The bookkeeping of the record rule is the last member of an element. A quote inside a string would be escaped. */
const RECORD = ',"record":{';

/** The event in an element, or null when it isn't one (a foreign or torn entry). */
export function parseElement(element: string): RunEvent | null {
  let value: RunEvent & { record: { started: number } };
  try {
    value = JSON.parse(element);
  } catch {
    // A SyntaxError: foreign text.
    return null;
  }
  if (!Number.isSafeInteger(value?.id) || !Number.isSafeInteger(value.record?.started)) return null;
  return {
    element,
    id: value.id,
    ts: value.ts,
    started: value.record.started,
    state: value.state,
    progress: value.progress,
    message: value.message,
    ...(value.data && { data: value.data }),
    done: value.done === true,
  };
}

/** The event as readers get it: the element without its bookkeeping. */
export function eventJson(event: RunEvent): string {
  return `${event.element.slice(0, event.element.lastIndexOf(RECORD))}}`;
}
