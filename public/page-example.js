// A made-up run in the middle of its work, for a visitor who hasn't started one yet. It needs no server.
import { exampleStates, nextMessage } from './page-states.js';

const STEP_MS = 3_000;
/** The states of the rest of the way, and where each one ends. */
const WAY = [
  { state: 'ASSET_GENERATION', until: 65 },
  { state: 'RENDERING', until: 80 },
  { state: 'QA', until: 100 },
];

/** @typedef {import('../src/element/run-progress-element.ts').RunProgressElement} Element */

/**
 * Plays it in all of the elements until the returned function is called, or the run is done.
 *
 * @param {readonly Element[]} elements
 * @param {import('./words.js').Words} words
 */
export function playExample(elements, words) {
  const example = exampleStates(Date.now(), words.language).find(({ name }) => name === 'estimated');
  const messages = example?.messages ?? [];
  /** @type {ReturnType<typeof JSON.parse>} */
  let last = messages.at(-1);
  for (const element of elements) {
    element.transport = 'manual';
    element.runId = 'example';
    for (const message of messages) element.receive(message);
  }
  const timer = setInterval(() => {
    last = nextMessage(last, stepAfter(Math.round(last.progress * 100) + 1, words));
    for (const element of elements) element.receive(last);
    if (last.done) clearInterval(timer);
  }, STEP_MS);
  return () => clearInterval(timer);
}

/** @param {number} percent @param {import('./words.js').Words} words */
function stepAfter(percent, words) {
  if (percent >= 100) return { state: 'END', progress: 1, done: true, message: words.exampleDone };
  const { state } = WAY.find(({ until }) => percent < until) ?? {};
  return { state, progress: percent / 100, message: words.exampleLines[state ?? ''] ?? '' };
}
