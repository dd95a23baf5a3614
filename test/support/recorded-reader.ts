// A reader of a run, without a transport: it notes what it gets.

import type { Reader } from '../../src/runs/run.ts';
import type { ProgressMessage, SnapshotMessage } from './messages.ts';

export interface RecordedReader extends Reader {
  readonly messages: (SnapshotMessage | ProgressMessage)[];
  /** Short, to compare: 'snapshot 3', 'gap 0', '4'; ids as they are. */
  readonly got: readonly string[];
  readonly finishes: number;
  setWritable(writable: boolean): void;
}

export function createRecordedReader(): RecordedReader {
  const messages: (SnapshotMessage | ProgressMessage)[] = [];
  let isWritable = true;
  let finishes = 0;
  return {
    messages,
    get got() {
      return messages.map((message) => {
        if (message.type === 'progress') return `${message.id}`;
        return `${message.gap ? 'gap' : 'snapshot'} ${message.id}`;
      });
    },
    get finishes() {
      return finishes;
    },
    setWritable: (writable) => {
      isWritable = writable;
    },
    isWritable: () => isWritable,
    snapshot: (snapshot) => messages.push(JSON.parse(snapshot.text())),
    events: (events) => {
      for (const event of events) messages.push(JSON.parse(event.json));
    },
    finished: () => {
      finishes++;
    },
  };
}
