// The connection to one run's stream: a native EventSource, and what it doesn't tell by itself.
import { NO_ANSWER, readProblem } from './problem.js';

/**
 * @typedef {'connecting' | 'live' | 'reconnecting' | 'ended' | 'closed'} Phase
 *   `ended`: the run is done and the stream with it. `closed`: EventSource has given up, and says not why.
 */

/**
 * @typedef {object} FeedStatus
 * @property {Phase} phase
 * @property {number | null} heardAt When the server was last heard: ms, by this machine's clock.
 * @property {number} aheadMs How far the server's clock is ahead of this machine's, by its last ping.
 * @property {import('./problem.js').Problem | null} problem Why it is closed, once that is known.
 */

/**
 * @typedef {object} Feed
 * @property {() => FeedStatus} status
 * @property {() => void} retry Connects again if it is closed; goes on from the last event.
 * @property {() => void} end The run is done: stay, and don't come back for more.
 * @property {() => void} close Nothing is called any more.
 */

/** Three heartbeats of the default. A half-open connection makes no error, so silence has to be noticed. */
const MAX_SILENCE_MS = 46_000;
const WATCH_MS = 5000;

/**
 * @param {object} options
 * @param {string} options.url
 * @param {(message: any) => void} options.onMessage Each message, parsed.
 * @param {() => void} options.onStatus The status has changed, or the server was heard.
 * @returns {Feed}
 */
export function openFeed({ url, onMessage, onStatus }) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {FeedStatus} */
  let status = { phase: 'connecting', heardAt: null, aheadMs: 0, problem: null };
  let cursor = '';
  let triedAt = Date.now();
  const watch = setInterval(reconnectIfSilent, WATCH_MS);

  /** @param {Partial<FeedStatus>} change */
  function set(change) {
    status = { ...status, ...change };
    onStatus();
  }

  function address() {
    return cursor === '' ? url : `${url}?last_event_id=${cursor}`;
  }

  /** @param {Phase} phase */
  function connect(phase) {
    source?.close();
    const opened = new EventSource(address());
    source = opened;
    triedAt = Date.now();
    const heard = (/** @type {Partial<FeedStatus>} */ change) => {
      set({ phase: 'live', heardAt: Date.now(), problem: null, ...change });
    };
    opened.onopen = () => heard({});
    opened.addEventListener('ping', ({ data }) => heard({ aheadMs: Number(data) - Date.now() || 0 }));
    opened.onmessage = ({ data, lastEventId }) => {
      cursor = lastEventId;
      heard({});
      onMessage(JSON.parse(data));
    };
    opened.onerror = () => {
      if (opened.readyState !== EventSource.CLOSED) set({ phase: 'reconnecting' });
      else void explain(opened);
    };
    set({ phase, problem: null });
  }

  /** EventSource hides the answer that made it give up, so the same is asked once more. @param {EventSource} closed */
  async function explain(closed) {
    set({ phase: 'closed' });
    const asking = new AbortController();
    const change = await fetch(address(), { signal: asking.signal })
      .then(async (response) => {
        // The run is done, in a terminal state of its own.
        if (response.status === 204) return { phase: /** @type {const} */ ('ended') };
        return { problem: response.ok ? null : await readProblem(response) };
      })
      // A TypeError: nothing answered.
      .catch(() => ({ problem: NO_ANSWER }));
    asking.abort();
    if (source === closed) set(change);
  }

  function reconnectIfSilent() {
    if (status.phase === 'ended' || status.phase === 'closed') return;
    if (Date.now() - Math.max(triedAt, status.heardAt ?? 0) > MAX_SILENCE_MS) connect('reconnecting');
  }

  function stop() {
    source?.close();
    source = null;
    clearInterval(watch);
  }

  connect('connecting');
  return {
    status: () => status,
    retry: () => {
      if (status.phase === 'closed') connect('reconnecting');
    },
    end: () => {
      stop();
      set({ phase: 'ended' });
    },
    close: stop,
  };
}
