// Records updates whose sender waits for the outcome. Nothing is repeated: the sender can be told what went wrong.
import type { Outcome, Store } from '../runs/store.ts';
import { createLanes, type Lane } from './lanes.ts';
import type { RecordScript } from './record-call.ts';
import { type Sendable, sendable } from './record-script.ts';

interface Waiting extends Sendable {
  settle(outcome: Outcome): void;
}

/** Runs of different lanes don't wait for each other: their nodes may be different ones. See lanes.ts. */
export function createRecorder(script: RecordScript, laneOf: (runId: string) => string): Store['record'] {
  const lanes = createLanes<Waiting>(laneOf, {
    script,
    settle: (item, outcome) => item.settle(outcome),
    onFailure: 'refuse',
  });

  return async (recordings, { wantEvents = false } = {}) => {
    const used = new Set<Lane<Waiting>>();
    const outcomes = recordings.map(
      (recording) =>
        new Promise<Outcome>((settle) => {
          used.add(lanes.push(Object.assign(sendable(recording, wantEvents), { settle })));
        }),
    );
    for (const { sender } of used) sender.wake();
    return Promise.all(outcomes);
  };
}
