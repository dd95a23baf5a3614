// A body of code as a run, from its first word to its end. `tracked` in publish_progress.py is the same for Python.
import { inspect } from 'node:util';
import { createHeartbeat } from './heartbeat.ts';
import type { ProgressUpdate } from './progress-update.ts';
import { createReport, type Report, withReport } from './report.ts';

export interface TrackOptions {
  /** Default: a new one, higher than all that were taken before. A part has none unless it is given. */
  attempt?: number;
  /**
   * The body is one of many of its run: returning counts it, by `advance: 1`, and ends nothing. Under this name, the
   * job's id say, it is counted once, however often the queue delivers it; up to 250 visible ASCII characters.
   */
  part?: string;
  /**
   * An abort ends the run as if the body had thrown the reason, at once, and the body's later reports are left out. Where the
   * queue will try again it is a line: a body that returns all the same says END.
   */
  signal?: AbortSignal;
  /** Whether the queue will try again after this error: then its line is reported, and the run doesn't end. Default: no. */
  willRetry?(error: unknown): boolean;
  /** After so long without a report an empty one says that the body lives; in a long silence each 5 minutes. Default: 30,000. */
  heartbeatMs?: number;
}

/** Runs the body, and is fulfilled or rejected as it is: see `Publisher.track`. */
export type Track = <T>(
  runId: string,
  body: (report: Report) => T | PromiseLike<T>,
  options?: TrackOptions,
) => Promise<T>;

export interface Tracking {
  /** Whether it is recorded within `timeoutMs`. With `silenceMs` it is a sign of life: see `Recording`. */
  publish(runId: string, update: ProgressUpdate, timeoutMs: number, silenceMs?: number): Promise<boolean>;
  terminalStates: readonly string[];
  newAttempt(): Promise<number>;
  warnOnce(kind: string, text: string): void;
}

const RECORD_TIMEOUT_MS = 2000;
/** A part whose count is lost with its process is not delivered again. */
const PART_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 30_000;
/** Of a pause, as its own last heartbeat may have come late. */
const HEARD = 0.9;
const MAX_TIMER_MS = 2_147_483_647;

export function createTrack(tracking: Tracking): Track {
  return async (runId, body, options = {}) => {
    const { signal, heartbeatMs = HEARTBEAT_MS } = options;
    if (!(heartbeatMs >= 1 && heartbeatMs <= MAX_TIMER_MS))
      throw new TypeError(`heartbeatMs must be a number from 1 to ${MAX_TIMER_MS}, not ${heartbeatMs}`);
    const isAlone = options.part === undefined && options.attempt === undefined;
    const attempt = isAlone ? await tracking.newAttempt() : options.attempt;
    const run = createTrackedRun(tracking, runId, {
      ...options,
      attempt,
      onReport: () => heartbeat.restart(),
    });
    const heartbeat = createHeartbeat(heartbeatMs, run.beat);
    const onAbort = () => run.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort);
    try {
      // A part's first word would take the room of a count in the history, by which a count's repeat is known.
      if (options.part === undefined) run.begin();
      signal?.throwIfAborted();
      const result = await withReport(run.report, body);
      await run.succeed();
      return result;
    } catch (error) {
      await run.fail(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      heartbeat.stop();
    }
  };
}

interface TrackedRun {
  report: Report;
  begin(): void;
  /** Says that it lives, where nobody else has said so of the run for about `pauseMs`. */
  beat(pauseMs: number): void;
  abort(reason: unknown): void;
  /** Fulfilled when that is recorded, or its time is over. */
  succeed(): Promise<unknown>;
  fail(error: unknown): Promise<unknown>;
}

interface TrackedRunOptions extends Pick<TrackOptions, 'part' | 'willRetry'> {
  attempt: number | undefined;
  onReport(): void;
}

function createTrackedRun(
  { publish, terminalStates, warnOnce }: Tracking,
  runId: string,
  { attempt, part, willRetry, onReport }: TrackedRunOptions,
): TrackedRun {
  const [succeeded, failed] = [terminalStates[0], terminalStates.at(-1)];
  /** Of the end that the body has reported itself: that one stands. */
  let ownEnd: Promise<boolean> | null = null;
  let isOver = false;
  /** An abort, after which the queue will try again, is said. */
  let isAborted = false;

  const say = (update: ProgressUpdate, timeoutMs = RECORD_TIMEOUT_MS) =>
    publish(runId, { attempt, ...update }, timeoutMs);

  /** What is said first of how an attempt has ended is right. */
  function end(update: ProgressUpdate): Promise<boolean> {
    isOver = true;
    return say({ ...update, key: `end ${attempt}` });
  }

  function report(update: ProgressUpdate): Promise<boolean> {
    if (isOver) {
      warnOnce('over', `a report of run ${runId} came after its end: it is left out`);
      return Promise.resolve(false);
    }
    onReport();
    const recorded = say(update);
    if (update.state && terminalStates.includes(update.state)) ownEnd = recorded;
    return recorded;
  }

  function isRetried(error: unknown): boolean {
    try {
      return willRetry?.(error) ?? false;
    } catch (fault) {
      warnOnce('willRetry', `willRetry failed, so run ${runId} ends: ${oneLine(fault)}`);
      return false;
    }
  }

  async function fail(error: unknown): Promise<unknown> {
    if (isOver) return;
    const log = oneLine(error);
    if (part === undefined && ownEnd === null && !isRetried(error)) return end({ state: failed, log });
    isOver = true;
    if (!isAborted) return say({ log });
  }

  function abort(reason: unknown) {
    if (isOver || isAborted || ownEnd !== null || part !== undefined) return;
    if (!isRetried(reason)) return void end({ state: failed, log: oneLine(reason) });
    isAborted = true;
    void say({ log: oneLine(reason) });
  }

  return {
    report: createReport(report, part !== undefined),
    begin: () => void say({}),
    beat: (pauseMs) => {
      if (!isOver) void publish(runId, { attempt }, RECORD_TIMEOUT_MS, Math.floor(pauseMs * HEARD));
    },
    abort,
    succeed: async () => {
      if (isOver) return;
      isOver = true;
      if (part !== undefined) return say({ advance: 1, key: `part ${part}` }, PART_TIMEOUT_MS);
      return ownEnd ?? end({ state: succeeded });
    },
    fail,
  };
}

/** An error for people. */
function oneLine(error: unknown): string {
  const isError = error instanceof Error;
  const text = isError ? `${error.message}` : typeof error === 'string' ? error : inspect(error);
  const [line = ''] = text.trim().split(/[\r\n]/);
  const name = isError ? error.name : 'Error';
  return line === '' ? name : `${name}: ${line}`;
}
