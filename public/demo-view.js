// The demo's button and what is said below it.
import { byId, write } from './by-id.js';

/** @typedef {import('./demo.js').DemoStatus | null} Status Null before the first demo. */

/** Publishing is off here, for good. @param {Status} status */
export function isOff(status) {
  return status?.phase === 'refused' && status.problem?.code === 'publishing-disabled';
}

/** @param {Status} status */
export function isUnderWay(status) {
  return status?.phase === 'publishing' || status?.phase === 'waiting';
}

/**
 * @param {Status} status
 * @param {import('./words.js').Words} words
 * @param {boolean} isExample What stands below is no run.
 */
export function showDemo(status, words, isExample) {
  const start = byId('demo', HTMLButtonElement);
  const fail = byId('demo-fail', HTMLButtonElement);
  const underWay = isUnderWay(status);
  // Not `disabled`: the focus would be lost, and with it the explanation.
  start.ariaDisabled = String(underWay || isOff(status));
  write('demo-label', underWay && status ? words.demoSent(status.sent, status.total) : words.runDemo);
  write('demo-time', underWay ? '' : words.runDemoFor);
  if (!underWay && document.activeElement === fail) start.focus();
  fail.hidden = !underWay;
  byId('demo-hint', HTMLElement).dataset.tone = toneOf(status);
  write('demo-hint', `${isExample ? words.isExample : ''} ${hintOf(status, words)}`.trim());
}

/** @param {Status} status */
function toneOf(status) {
  if (isOff(status)) return 'text';
  return status?.phase === 'waiting' ? 'warn' : status?.phase === 'refused' ? 'fail' : 'muted';
}

/** @param {Status} status @param {import('./words.js').Words} words */
function hintOf(status, words) {
  const problem = status?.problem ? words.problem(status.problem) : '';
  switch (status?.phase) {
    case 'publishing':
      return words.demoRunning;
    case 'waiting':
      return `${problem} ${words.demoWaiting}`;
    case 'refused':
      return [words.demoRefused, problem, isOff(status) ? words.noDemoHint : ''].join(' ').trim();
    default:
      return words.demoIdea;
  }
}
