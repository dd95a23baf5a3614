// A page's plain EventSource, with the lines of docs/clients.md that open a new one where it gives up.
import { runInNewContext } from 'node:vm';
import { EventSource } from 'eventsource';
import { guideBlock } from '../support/guide.ts';

export interface PageSource {
  /** In the order in which `onmessage` got them. */
  readonly ids: readonly number[];
  readonly isDone: boolean;
  /** How often it was given up, and another one was opened. */
  readonly reopened: number;
}

const LINES = guideBlock('clients', 'event-source');

export function openPageSource(url: string): PageSource {
  const ids: number[] = [];
  let isDone = false;
  let opened = 0;
  class CountedSource extends EventSource {
    constructor(...given: ConstructorParameters<typeof EventSource>) {
      super(...given);
      opened++;
    }
  }
  const show = (message: { id: number; done?: boolean }) => {
    ids.push(message.id);
    isDone ||= message.done === true;
  };
  const follow: (url: string) => void = runInNewContext(`${LINES}; follow`, {
    EventSource: CountedSource,
    setTimeout,
    show,
  });
  follow(url);
  return {
    ids,
    get isDone() {
      return isDone;
    },
    get reopened() {
      return opened - 1;
    },
  };
}
