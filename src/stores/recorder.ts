// Records what somebody waits for the answer to: nothing is repeated, as the caller can say what went wrong.
import type { Outcome, Store } from '../runs/store.ts';
import { type RecordCall, type Sendable, sendable } from './record-call.ts';
import { createSender } from './sender.ts';

interface Waiting extends Sendable {
  settle(outcome: Outcome): void;
}

export function createRecorder(call: RecordCall): Store['record'] {
  const waiting: Waiting[] = [];
  const sender = createSender<Waiting>({
    call,
    take: () => waiting.shift(),
    settle: (item, outcome) => item.settle(outcome),
    onFailure: 'refuse',
  });
  return async (recordings, { wantEvents = false } = {}) => {
    const outcomes = recordings.map((recording) => {
      const { promise, settle } = outcomeToCome();
      waiting.push({ ...sendable(recording, wantEvents), settle });
      return promise;
    });
    sender.wake();
    return Promise.all(outcomes);
  };
}

function outcomeToCome() {
  let settle: (outcome: Outcome) => void = () => {};
  const promise = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}
