// What a reader knows of one run, and how each message changes it. Pure: no DOM, no network, no clock.

/** The stages of the pipeline: each one's states, and where on the bar it ends. */
export const STAGES = /** @type {const} */ ([
  { state: 'PLOT_GENERATION', until: 0.2 },
  { state: 'ASSET_GENERATION', until: 0.65 },
  { state: 'RENDERING', until: 0.8 },
  { state: 'QA', until: 0.95 },
  { state: 'END', until: 1 },
]);

/**
 * The log's bound: beyond it the oldest entries go, and a note says so. Many at once, as a view has to draw the log anew.
 */
export const MAX_ENTRIES = 1000;
const KEPT_ENTRIES = 800;

/**
 * @typedef {'gap' | 'expired' | 'restarted' | 'trimmed'} Note
 *   What the log says that no worker said: lines before it are not kept by the server; the server has forgotten the run;
 *   the run began again; lines before it are not kept by this page.
 * @typedef {{ ts: number | null, text: string } | { note: Note }} Entry
 */

/**
 * @typedef {object} Run
 * @property {string} runId
 * @property {number} id The newest event's; 0 before the first.
 * @property {string | null} state Null until a publisher gave one, as is `progress`.
 * @property {number | null} progress 0 to 1.
 * @property {number | null} started The first event's time in ms, by the server's clock.
 * @property {number | null} ts The newest event's.
 * @property {boolean} done In a terminal state.
 * @property {boolean} expired The server has forgotten the run; what is here is what the reader had.
 * @property {readonly Entry[]} log Oldest first. A new array for each change, of the same entries.
 */

/**
 * @typedef {object} Snapshot
 * @property {'initial_state'} type
 * @property {number} id
 * @property {number | null} ts
 * @property {number | null} started
 * @property {string | null} state
 * @property {number | null} progress
 * @property {readonly string[]} logs
 * @property {readonly number[]} log_times
 * @property {boolean} done
 * @property {boolean} [gap]
 */

/**
 * @typedef {object} Progress
 * @property {'progress'} type
 * @property {number} id
 * @property {number} ts
 * @property {string | null} state
 * @property {number | null} progress
 * @property {string} message
 * @property {boolean} [done]
 */

/** @param {string} runId @returns {Run} */
export function newRun(runId) {
  return {
    runId,
    id: 0,
    state: null,
    progress: null,
    started: null,
    ts: null,
    done: false,
    expired: false,
    log: [],
  };
}

/**
 * The run after a message. A message of an unknown type changes nothing.
 *
 * @param {Run} run
 * @param {Snapshot | Progress} message
 * @returns {Run}
 */
export function applyMessage(run, message) {
  switch (message.type) {
    case 'initial_state':
      return applySnapshot(run, message);
    case 'progress':
      return applyProgress(run, message);
    default:
      return run;
  }
}

/**
 * A snapshot replaces all. But one that knows nothing of the run takes nothing away: what the reader saw was true.
 *
 * @param {Run} run
 * @param {Snapshot} snapshot
 * @returns {Run}
 */
function applySnapshot(run, { id, ts, started, state, progress, logs, log_times, done, gap }) {
  if (id === 0 && run.id !== 0)
    return run.expired ? run : withEntries({ ...run, expired: true }, ['expired']);
  const lines = logs.map((text, i) => ({ ts: log_times[i] ?? null, text }));
  const emptied = { ...run, id, ts, started, state, progress, done, expired: false, log: [] };
  return withEntries(emptied, gap ? ['gap', ...lines] : lines);
}

/**
 * @param {Run} run
 * @param {Progress} event
 * @returns {Run}
 */
function applyProgress(run, { id, ts, state, progress, message, done = false }) {
  const fell = progress !== null && run.progress !== null && progress < run.progress;
  const restarted = !run.expired && (fell || (run.done && !done));
  const next = {
    ...run,
    id,
    ts,
    state: state ?? run.state,
    progress: progress ?? run.progress,
    started: run.expired || restarted ? ts : (run.started ?? ts),
    done,
    expired: false,
  };
  /** @type {(Entry | Note)[]} */
  const entries = restarted ? ['restarted'] : [];
  return withEntries(next, message ? [...entries, { ts, text: message }] : entries);
}

/**
 * @param {Run} run
 * @param {readonly (Entry | Note)[]} entries
 * @returns {Run}
 */
function withEntries(run, entries) {
  const log = [...run.log, ...entries.map((entry) => (typeof entry === 'string' ? { note: entry } : entry))];
  if (log.length <= MAX_ENTRIES) return { ...run, log };
  return { ...run, log: [{ note: 'trimmed' }, ...log.slice(-KEPT_ENTRIES)] };
}

/**
 * What to call it. `ended` is a terminal state of an application's own, of which nobody here knows if it is good.
 *
 * @param {Run} run
 * @returns {'waiting' | 'running' | 'done' | 'failed' | 'ended'}
 */
export function outcomeOf({ id, state, done }) {
  if (state === 'END') return 'done';
  if (state === 'FAILED') return 'failed';
  if (done) return 'ended';
  return id === 0 ? 'waiting' : 'running';
}

/**
 * The index in STAGES of where the run is: -1 before the first, null for a run of another pipeline. A run that failed
 * has lost its stage, so its progress tells.
 *
 * @param {Run} run
 * @returns {number | null}
 */
export function stageOf({ state, progress }) {
  if (state === null) return -1;
  if (state === 'FAILED') return progress === null ? -1 : STAGES.findIndex(({ until }) => progress <= until);
  const i = STAGES.findIndex((stage) => stage.state === state);
  return i === -1 ? null : i;
}

/** The newest line of the run, null before the first. @param {Run} run */
export function newestLine({ log }) {
  const entry = log.findLast((candidate) => 'text' in candidate);
  return entry && 'text' in entry ? entry : null;
}

/** Rounded down, as 99.6 % is not done; but 0.58 * 100 is 57.99999999999999. @param {number} progress */
export function wholePercent(progress) {
  return Math.floor(progress * 100 + 1e-9);
}
