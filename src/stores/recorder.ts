// Records updates whose sender waits for the outcome. Nothing is repeated: the sender can be told what went wrong.
import type { Outcome, Store } from '../runs/store.ts';
import { createLanes } from './lanes.ts';
import { type RecordCall, type Sendable, sendable } from './record-call.ts';
import { createSender } from './sender.ts';

interface Waiting extends Sendable {
  settle(outcome: Outcome): void;
}

/** Runs of different lanes don't wait for each other: their nodes may be different ones. See lanes.ts. */
export function createRecorder(call: RecordCall, laneOf: (runId: string) => string): Store['record'] {
  const lanes = createLanes(laneOf, createLane);

  function createLane() {
    const waiting: Waiting[] = [];
    const sender = createSender<Waiting>({
      call,
      take: () => waiting.shift(),
      settle: (item, outcome) => {
        lanes.leave(item.runId);
        item.settle(outcome);
      },
      onFailure: 'refuse',
    });
    return { waiting, wake: sender.wake };
  }

  return async (recordings, { wantEvents = false } = {}) => {
    const used = new Set<{ wake(): void }>();
    const outcomes = recordings.map((recording) => {
      const { promise, settle } = outcomeToCome();
      const lane = lanes.enter(recording.runId);
      lane.waiting.push(Object.assign(sendable(recording, wantEvents), { settle }));
      used.add(lane);
      return promise;
    });
    for (const lane of used) lane.wake();
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
