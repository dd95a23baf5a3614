// The publisher for Node workers: import { createPublisher } from 'run-progress/publisher'. It records in Redis itself, by
// the service's script. publish_progress.py is the same for Python.

import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import type { Recording } from '../runs/recording.ts';
import { parseRunId } from '../runs/run-id.ts';
import { type GivenSettings, parseSettings } from '../runs/settings.ts';
import type { Outcome } from '../runs/store.ts';
import { within } from '../runs/within.ts';
import { createNodes, type Nodes, type NodesOptions } from '../stores/nodes.ts';
import { createRecordScript } from '../stores/record-call.ts';
import { type Sendable, sendable } from '../stores/record-script.ts';
import { createSender } from '../stores/sender.ts';
import { createAttempts, redisClock } from './attempts.ts';
import { createBacklog } from './backlog.ts';
import { type ProgressUpdate, parseProgressUpdate } from './progress-update.ts';
import { createReceipts } from './receipts.ts';
import { currentReport, type Report } from './report.ts';
import { createTrack, type Track, type TrackOptions } from './track.ts';

/** The settings are those of the service, if it runs with others than the defaults. */
export interface PublisherOptions extends GivenSettings {
  /** redis://, rediss://, redis+sentinel://host:26379,host2:26379/mymaster or unix:///path */
  redisUrl: string;
  /** Whether it is a cluster. By default the Redis is asked. */
  redisCluster?: boolean | null;
  /** Accept any certificate (Heroku's is self-signed). */
  tlsInsecure?: boolean;
  /** `publish` throws a TypeError for a bad field or run id, and reports nothing of that update. */
  strict?: boolean;
  /** Told in a sentence what goes wrong, once until it is well again. Default: `process.emitWarning`. */
  onWarning?(warning: string): void;
}

export type { ProgressUpdate, Report, Track, TrackOptions };
export { currentReport };

export interface Publisher {
  /**
   * Reports an update. It leaves in the background, in order: the task need not wait, but for the update that ends a run,
   * before a process that may be ended then. A bad field is left out, with a warning.
   *
   * The promise never rejects. It is fulfilled with true when the update is recorded (repeats after a lost answer are
   * recorded once); with false when it is left out, because of its run id, its attempt, or as Redis refuses it, and after
   * 2 seconds: then it goes on waiting. Calls of one turn of the event loop share the promise of the last one.
   *
   * Of one run up to 1,000 updates wait (or twice `historyLimit`, if that is more), of all runs ten times as many. Beyond
   * that the oldest are folded: states, progress and data into the newest, log lines last of all and then the oldest
   * first; the update that ends a run stays. What was sent once, and may have been recorded, is repeated as it was.
   */
  publish(runId: string, update: ProgressUpdate): Promise<boolean>;
  /**
   * Runs the body as a run, and is fulfilled or rejected as it is, when that is recorded (or after 2 seconds; after 30
   * for a part). The body begins a new attempt: if a queue delivers a job twice readers see the later delivery alone.
   * While it is silent heartbeats say that it lives. Returning says END, throwing FAILED with the error's line (the first and
   * the last terminal state); an end that the body has reported itself stands.
   */
  track: Track;
  /** A number for `attempt`: microseconds by the clock of Redis, or of this host while Redis is away. */
  newAttempt(): Promise<number>;
  /**
   * Fulfilled when Redis has all that was published: true; or after `timeoutMs` (2,000): false. What Redis refuses for
   * good is dropped with a warning, and not waited for.
   */
  flush(timeoutMs?: number): Promise<boolean>;
  /** Flushes, and ends the connection, which keeps the process running until then. */
  close(): Promise<void>;
}

/** Below that of a flush: at the end there is time for another try on a new connection. */
const ANSWER_TIMEOUT_MS = 1500;
const FLUSH_TIMEOUT_MS = 2000;
const BATCH = 250;
const MIN_WAITING = 1000;

/** Throws a TypeError that names the option for a value that can't be used. Connects at once, and again whenever the connection is lost. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { redisUrl } = options;
  const settings = parseSettings(options);
  const warnOnce = createWarnings(options.onWarning ?? ((text) => process.emitWarning(text, 'RunProgress')));
  const nodes = openNodes({
    url: redisUrl,
    cluster: options.redisCluster,
    tlsInsecure: options.tlsInsecure ?? false,
    name: 'run-progress-publisher',
    answerTimeoutMs: ANSWER_TIMEOUT_MS,
    log: {
      info: () => {},
      warn: (fields) =>
        warnOnce('redis', `no connection to Redis, updates wait: ${(fields as { reason?: string }).reason}`),
    },
  });
  const isReady = () => nodes.isKnown && nodes.all.some(({ commands }) => commands.status === 'ready');
  let wasReady = false;
  const backlog = createBacklog({
    mostPerRun: Math.max(MIN_WAITING, 2 * settings.historyLimit),
    terminalStates: settings.terminalStates,
    isAway: () => sender.blockedBy() !== null || (wasReady && !isReady()),
  });
  /** Out of the backlog, the next one last. */
  let next: ReturnType<typeof backlog.take> = [];
  const source = `p${randomBytes(9).toString('base64url')}`;
  let n = 0;
  const receipts = createReceipts();
  let place = 0;
  let closed = false;
  const sender = createSender<Sent>({
    script: createRecordScript(nodes, settings),
    take,
    settle,
    onFailure: 'repeat',
    onRepeat: (reason) => {
      // Without a connection the client has more to say.
      if (isReady()) warnOnce('redis', `updates wait, as Redis can't record them: ${reason}`);
    },
  });

  /** An update is named when it leaves the backlog, so that a name never stands for two things. */
  function take(): Sent | undefined {
    // By the hundred: taking one of thousands moves the others.
    if (next.length === 0) next = backlog.take(BATCH).reverse();
    const taken = next.pop();
    if (taken === undefined) return undefined;
    const { runId, update } = taken;
    const { key, silenceMs, place = 0 } = update;
    const recording: Recording = { runId, update, name: { source, n: ++n } };
    if (key !== undefined) recording.key = key;
    if (silenceMs !== undefined) recording.silenceMs = silenceMs;
    return Object.assign(sendable(recording), { place });
  }

  function settle({ runId, place }: Sent, outcome: Outcome) {
    receipts.settle(runId, place, outcome.status === 'recorded' || outcome.status === 'repeat');
    if (outcome.status === 'rejected')
      return warnOnce('run', `Redis refuses an update of run ${runId}, which is dropped: ${outcome.reason}`);
    warnOnce.forget('redis');
    if (outcome.status === 'superseded')
      warnOnce('attempt', `a later attempt has begun run ${runId} anew: updates of this one are left out`);
  }

  function countUnsettled(): number {
    return backlog.size + next.length + sender.unsettled;
  }

  async function flush(timeoutMs = FLUSH_TIMEOUT_MS): Promise<boolean> {
    sender.retryNow();
    await within(timeoutMs, sender.whenEmpty());
    return countUnsettled() === 0;
  }

  /** At exit nothing asynchronous runs any more, `process.emitWarning` included. */
  const sayLost = () => {
    const lost = countUnsettled();
    if (lost === 0) return;
    const updates = lost === 1 ? 'update' : 'updates';
    const text = `the process ends, and Redis has not recorded ${lost} ${updates}`;
    const print = (line: string) => console.error(`RunProgress: ${line}`);
    if (options.onWarning) tell(options.onWarning, text, print);
    else print(text);
  };
  if (!process.listeners('exit').includes(sayAllLost)) process.on('exit', sayAllLost);
  open.add(sayLost);
  nodes.onNode(() => ({
    onReady: () => {
      wasReady = true;
      sender.retryNow();
    },
  }));

  function send(
    runId: string,
    given: ProgressUpdate,
    timeoutMs: number,
    silenceMs?: number,
  ): Promise<boolean> {
    const id = parseRunId(runId);
    const { update, problems } = parseProgressUpdate(given);
    if ('problem' in id) problems.unshift(`run_id ${id.problem}`);
    if (problems.length > 0 && options.strict) throw new TypeError(problems.join('; '));
    for (const problem of problems)
      warnOnce(problem, `${problem}: ${'problem' in id ? 'the update' : 'it'} is left out`);
    if (closed) warnOnce('closed', 'an update came after close(): it is left out');
    if (closed || 'problem' in id) return Promise.resolve(false);
    if (silenceMs !== undefined) update.silenceMs = silenceMs;
    update.place = ++place;
    backlog.push(id.runId, update);
    if (backlog.lostLines > 0)
      warnOnce('lines', 'more waits for Redis than there is room for: the oldest log lines are not kept');
    sender.wake();
    // Somebody may be waiting for it at the end of a process.
    if (settings.terminalStates.includes(update.state ?? '')) sender.retryNow();
    return receipts.expect(id.runId, place, timeoutMs);
  }

  const newAttempt = createAttempts(() => redisClock(nodes));
  return {
    publish: (runId, update) => send(runId, update, FLUSH_TIMEOUT_MS),
    track: createTrack({ publish: send, terminalStates: settings.terminalStates, newAttempt, warnOnce }),
    newAttempt,
    flush,
    close: async () => {
      await flush();
      closed = true;
      sender.stop();
      nodes.close();
      if (countUnsettled() === 0) open.delete(sayLost);
    },
  };
}

/** On its way to Redis. `place`: see `Waiting`. */
interface Sent extends Sendable {
  readonly place: number;
}

function openNodes(options: NodesOptions): Nodes {
  try {
    return createNodes(options);
  } catch (error) {
    if (error instanceof TypeError) throw new TypeError(`redisUrl ${error.message}`);
    throw error;
  }
}

/** What each publisher says at exit. One listener serves all: Node warns of an eleventh. */
const open = new Set<() => void>();

function sayAllLost() {
  for (const say of open) say();
}

/** Says each kind of thing once, until it is forgotten. */
function createWarnings(warn: (text: string) => void) {
  const said = new Set<string>();
  const warnOnce = (kind: string, text: string) => {
    if (said.has(kind)) return;
    said.add(kind);
    tell(warn, text, (failure) => process.emitWarning(failure, 'RunProgress'));
  };
  return Object.assign(warnOnce, { forget: (kind: string) => said.delete(kind) });
}

/** Whatever it throws: it may be called amid the sender's work, or at exit, and both go on. */
function tell(warn: (text: string) => void, text: string, complain: (failure: string) => void) {
  try {
    warn(text);
  } catch (error) {
    complain(`onWarning failed: ${inspect(error)}; it was told: ${text}`);
  }
}
