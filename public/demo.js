// The worker's part, played by the page: publishes the updates of a made-up video over HTTP, at an even pace.
import { NO_ANSWER, readProblem } from './problem.js';

/**
 * @typedef {object} Update
 * @property {string} state
 * @property {number} [progress]
 * @property {string} log
 * @property {object} [data]
 */

/**
 * @typedef {object} DemoStatus
 * @property {'publishing' | 'waiting' | 'finished' | 'refused'} phase
 *   `waiting`: the server can not record now; the update is kept and sent again. `refused`: it will not.
 * @property {number} sent Updates recorded so far.
 * @property {number} total
 * @property {import('./problem.js').Problem | null} problem
 */

/**
 * @typedef {object} Demo
 * @property {() => void} fail The next update, sent at once, says FAILED, and is the last.
 */

const RETRY_MS = 2000;

/**
 * @param {object} options
 * @param {string} options.url Where to POST.
 * @param {readonly Update[]} options.updates Two at least.
 * @param {Update} options.failure What is published instead when it is made to fail.
 * @param {number} options.durationMs From the first update to the last.
 * @param {(status: DemoStatus) => void} options.onStatus
 * @returns {Demo}
 */
export function startDemo({ url, updates, failure, durationMs, onStatus }) {
  const intervalMs = durationMs / (updates.length - 1);
  let isFailing = false;
  let wake = () => {};

  /** @param {number} ms */
  function pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve(null);
      };
    });
  }

  async function publishAll() {
    /** @type {DemoStatus} */
    const status = { phase: 'publishing', sent: 0, total: updates.length, problem: null };
    onStatus(status);
    for (const [i, update] of updates.entries()) {
      if (i > 0 && !isFailing) await pause(intervalMs);
      const problem = await publishSurely(isFailing ? failure : update, (problem) =>
        onStatus({ ...status, phase: 'waiting', sent: i, problem }),
      );
      if (problem) return onStatus({ ...status, phase: 'refused', sent: i, problem });
      const isLast = isFailing || i === updates.length - 1;
      onStatus({ ...status, phase: isLast ? 'finished' : 'publishing', sent: i + 1 });
      if (isLast) return;
    }
  }

  /**
   * Fulfilled with null when it is recorded, or with why it never will be. One key for all attempts: an answer that was
   * lost must not make it two updates.
   *
   * @param {Update} update
   * @param {(problem: import('./problem.js').Problem) => void} onWait
   */
  async function publishSurely(update, onWait) {
    const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16)).join('');
    for (;;) {
      const problem = await publish(url, update, key);
      if (!problem || !isPassing(problem)) return problem;
      onWait(problem);
      await new Promise((resolve) => setTimeout(resolve, problem.retryAfterMs || RETRY_MS));
    }
  }

  void publishAll();
  return {
    fail: () => {
      isFailing = true;
      wake();
    },
  };
}

/** Null when it is recorded. @param {string} url @param {Update} update @param {string} key */
async function publish(url, update, key) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(update),
    });
    return response.ok ? null : await readProblem(response);
  } catch {
    // A TypeError: nothing answered.
    return NO_ANSWER;
  }
}

/** @param {import('./problem.js').Problem} problem */
function isPassing({ status }) {
  return status === 0 || status === 429 || status >= 500;
}
