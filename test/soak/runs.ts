// The runs of a soak: some at a time, each with its viewers, and each inspected when nobody waits for it any more.
import { setTimeout as pause } from 'node:timers/promises';
import { pollUntil } from '../support/poll-until.ts';
import { createRandom } from '../support/random.ts';
import { work } from './job.ts';
import { type Session, sessionViolations } from './session.ts';
import type { Stage } from './stage.ts';
import { view } from './viewer.ts';

export interface Runs {
  /** So far: runs begun, and stays of viewers that were held against the truth. */
  readonly counts: { runs: number; open: number; stays: number };
  readonly runIds: readonly string[];
  /** No more begin. Fulfilled when the last has ended; names those that don't within the time. */
  stop(deadlineMs: number): Promise<void>;
}

interface OpenRun {
  viewersLeft: number;
  stays: Session[];
}

const RUNS_AT_ONCE = 6;
const VIEWERS_PER_RUN = 5;
const LATEST_VIEWER_MS = 6000;

export function startRuns(stage: Stage, seed: number, onViolation: (problem: string) => void): Runs {
  const { truth, workers, fleet } = stage;
  const open = new Map<string, OpenRun>();
  const runIds: string[] = [];
  let isOver = false;
  let stays = 0;

  async function runAfterRun() {
    while (!isOver) {
      const runId = `우주 ${runIds.length + 1}`;
      runIds.push(runId);
      await oneRun(runId, seed + 100 * runIds.length);
    }
  }

  async function oneRun(runId: string, ownSeed: number) {
    const run: OpenRun = { viewersLeft: VIEWERS_PER_RUN, stays: [] };
    open.set(runId, run);
    truth.add(runId);
    const viewing = Array.from({ length: VIEWERS_PER_RUN }, (_, i) => oneViewer(runId, run, ownSeed + 1 + i));
    const viewersLeft = () => run.viewersLeft;
    const random = createRandom(ownSeed);
    await Promise.all([
      work({ runId, workers, truth, random, isOver: () => isOver, viewersLeft }),
      ...viewing,
    ]);
    await inspect(runId, run.stays);
    open.delete(runId);
  }

  async function oneViewer(runId: string, run: OpenRun, ownSeed: number) {
    const random = createRandom(ownSeed);
    await pause(random.below(LATEST_VIEWER_MS));
    const isKnown = () => truth.lives(runId).length === 1 && truth.last(runId) !== undefined;
    await view({ runId, fleet, random, onSession: (stay) => run.stays.push(stay), onViolation, isKnown });
    run.viewersLeft--;
  }

  async function inspect(runId: string, sessions: readonly Session[]) {
    // All that the viewers have seen is recorded, so it is there to be read.
    await pollUntil('the truth', async () => {
      return truth.refresh().then(
        () => true,
        () => false, // Redis is away just now.
      );
    });
    for (const session of sessions)
      for (const problem of sessionViolations(session, truth.lives(runId)))
        onViolation(`${runId}: ${problem}`);
    stays += sessions.length;
    truth.rest(runId);
  }

  const running = Promise.all(Array.from({ length: RUNS_AT_ONCE }, runAfterRun));
  running.catch(() => {}); // Thrown by `stop`.
  return {
    get counts() {
      return { runs: runIds.length, open: open.size, stays };
    },
    runIds,
    stop: async (deadlineMs) => {
      isOver = true;
      await Promise.race([running, pause(deadlineMs, undefined, { ref: false })]);
      for (const [runId, { viewersLeft }] of open)
        onViolation(
          `${runId}: ${viewersLeft} viewers wait for its end; its last event is ${JSON.stringify(truth.last(runId))}`,
        );
    },
  };
}
