// The soak: workers, servers, viewers and faults, all at random from one seed; and what came out, held against what must.
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, setGlobalDispatcher } from 'undici';
import { pollUntil } from '../support/poll-until.ts';
import { createRandom } from '../support/random.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { Usage } from './fleet.ts';
import { type Runs, startRuns } from './runs.ts';
import { startSchedule } from './schedule.ts';
import { buildStage, type Stage } from './stage.ts';

export interface SoakOptions {
  seed: number;
  seconds: number;
  print(line: string): void;
}

export interface SoakReport {
  violations: readonly string[];
  /** For people: what was done, and what was measured. */
  summary: readonly string[];
}

const PRINT_MS = 5000;
/** After the last fault everything must come to its end: a deadline says that something hangs. */
const END_MS = 90_000;
/** What has been heard is recorded within this, when Redis is well. */
const RECORD_MS = 20_000;
const MB = 1024 * 1024;
/** Above the warm heap. What leaks with each reader or event is far more within a minute. */
const HEAP_ROOM_BYTES = 16 * MB;
const IDLE_CONNECTION_MS = 1000;
/** For the connection of a probe. */
const DESCRIPTOR_ROOM = 3;

/** Server 0 is not killed after the first part, so that its heap can grow old; after the second it is warm. */
const PARTS: readonly { end: number; mayHappen(fault: Fault): boolean }[] = [
  { end: 0.35, mayHappen: () => true },
  { end: 0.55, mayHappen: sparesServer0 },
  { end: 1, mayHappen: sparesServer0 },
];

function sparesServer0({ name }: Fault): boolean {
  return !/^server 0 is (killed|restarted)/.test(name);
}

export async function soak({ seed, seconds, print }: SoakOptions): Promise<SoakReport> {
  const violations: string[] = [];
  const onViolation = (problem: string) => {
    violations.push(problem);
    print(`VIOLATION: ${problem}`);
  };
  // The servers offer to keep idle connections for minutes: those of viewers that have gone would count as descriptors.
  setGlobalDispatcher(new Agent({ keepAliveMaxTimeout: IDLE_CONNECTION_MS }));
  const stage = await buildStage(seed);
  try {
    const runs = startRuns(stage, seed, onViolation);
    const faults = new Map<string, number>();
    const warm = await happenFor(seconds, { stage, runs, seed, print, violations, faults });
    await runs.stop(END_MS);
    if (!(await stage.workers.flush(END_MS))) onViolation('a publisher has updates that it can not record');
    const recorded = await compareWithLedger(stage, runs, onViolation);
    const atEnd = await compareUsage(stage, warm, onViolation);
    for (const { index, exit } of await stage.fleet.stop('SIGTERM'))
      if (exit.code !== 0) onViolation(`server ${index} ended with ${exit.code ?? exit.signal}`);
    return { violations, summary: summarize(stage, runs, faults, recorded, warm, atEnd) };
  } finally {
    await stage.close();
  }
}

interface Happening {
  stage: Stage;
  runs: Runs;
  seed: number;
  print(line: string): void;
  violations: readonly string[];
  /** How often each has happened. */
  faults: Map<string, number>;
}

/** Lets faults happen, and says how it goes. Fulfilled with what server 0 held when it was warm. */
async function happenFor(seconds: number, { stage, runs, seed, print, violations, faults }: Happening) {
  const random = createRandom(seed);
  const startedAt = Date.now();
  let current: () => readonly string[] = () => [];
  const printing = setInterval(() => {
    const { runs: begun, stays } = runs.counts;
    print(
      `${Math.round((Date.now() - startedAt) / 1000)} s: ${stage.ledger.counts.published} updates, ${begun} runs, ` +
        `${stays} stays checked, ${violations.length} violations; now: ${current().join(', ') || 'calm'}`,
    );
  }, PRINT_MS);
  let warm: Usage = stage.idle;
  try {
    for (const { end, mayHappen } of PARTS) {
      const schedule = startSchedule(FAULTS.filter(mayHappen), stage, random, (name) => {
        faults.set(name, (faults.get(name) ?? 0) + 1);
      });
      current = () => schedule.current;
      await pause(Math.max(0, startedAt + seconds * 1000 * end - Date.now()));
      await schedule.stop();
      if (end < 1) warm = await stage.fleet.usage(0);
    }
  } finally {
    clearInterval(printing);
  }
  return warm;
}

/** Fulfilled with how many events the histories hold. */
async function compareWithLedger(
  { truth, ledger }: Stage,
  { runIds }: Runs,
  onViolation: (problem: string) => void,
): Promise<number> {
  const linesOf = (runId: string) =>
    truth.lives(runId).map(({ events }) => events.map(({ message }) => message));
  let found: string[] = [];
  const isRight = async () => {
    await truth.refreshAll();
    found = runIds.flatMap((runId) =>
      ledger.violations(runId, linesOf(runId)).map((problem) => `${runId}: ${problem}`),
    );
    return found.length === 0;
  };
  // What a server has only just been able to record.
  await pollUntil('all that must be recorded', isRight, RECORD_MS, 500).catch(() => {});
  for (const problem of found) onViolation(problem);
  return runIds.flatMap((runId) => linesOf(runId).flat()).length;
}

/** Server 0, when all viewers have gone. */
async function compareUsage(
  { fleet, idle }: Stage,
  warm: Usage,
  onViolation: (problem: string) => void,
): Promise<Usage> {
  let now = await fleet.usage(0);
  const isFlat = async () => {
    now = await fleet.usage(0);
    return (
      now.descriptors <= idle.descriptors + DESCRIPTOR_ROOM &&
      now.heapBytes <= warm.heapBytes + HEAP_ROOM_BYTES
    );
  };
  await pollUntil('a server that holds no more than before', isFlat, RECORD_MS, 500).catch(() => {
    onViolation(
      `server 0 holds more than before: ${usageText(idle)} when idle, ${usageText(warm)} when warm, ${usageText(now)} at the end`,
    );
  });
  return now;
}

function usageText({ heapBytes, descriptors }: Usage): string {
  return `${(heapBytes / MB).toFixed(1)} MB of heap and ${descriptors} descriptors`;
}

function summarize(
  { ledger, idle }: Stage,
  { counts: { runs, stays } }: Runs,
  faults: ReadonlyMap<string, number>,
  recorded: number,
  warm: Usage,
  atEnd: Usage,
): string[] {
  const { published, raw, certainRaw } = ledger.counts;
  return [
    `${published} updates in ${runs} runs, ${recorded} recorded; of ${raw} raw ones ${certainRaw} had to be`,
    `${stays} stays of viewers held against the truth`,
    `faults: ${[...faults].map(([name, times]) => `${times} x ${name}`).join(', ')}`,
    `server 0: ${usageText(idle)} when idle, ${usageText(warm)} when warm, ${usageText(atEnd)} at the end`,
  ];
}
