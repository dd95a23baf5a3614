// The card: what a run and its connection look like. Draws what it is given, and keeps nothing but the DOM.
import { byId, write } from './by-id.js';
import { createLogView } from './log-view.js';
import { newestLine, outcomeOf, stageOf, wholePercent } from './run.js';
import { createStepsView } from './steps-view.js';

/** @typedef {import('./words.js').Words} Words */
/** @typedef {import('./run.js').Run} Run */
/** @typedef {import('./feed.js').FeedStatus} FeedStatus */
/** @typedef {ReturnType<typeof outcomeOf>} Outcome */

/** A run that is live and says nothing for so long is worth a word. */
const SILENT_MS = 60_000;
/** Trouble that mends itself sooner is not spoken of. */
const SPEAK_AFTER_MS = 3000;

/**
 * @typedef {object} RunView
 * @property {(hint: string, words: Words) => void} showNothing Before any run: `hint` says what to do.
 * @property {(run: Run, feed: FeedStatus, words: Words) => void} show Called each second too, as ages grow.
 */

/** @returns {RunView} */
export function createRunView() {
  const card = byId('card', HTMLElement);
  const bar = byId('bar', HTMLElement);
  const fill = byId('fill', HTMLElement);
  const stepsView = createStepsView(byId('steps', HTMLElement));
  const logView = createLogView(byId('log', HTMLElement), byId('new-lines', HTMLElement));
  let barValue = 0;
  let troubleSince = 0;

  /** @param {number | null} progress @param {string} label @param {Words} words */
  function showBar(progress, label, words) {
    const value = progress ?? 0;
    // A run that starts again doesn't ride backwards.
    fill.classList.toggle('jump', value < barValue);
    fill.style.setProperty('--value', `${value * 100}%`);
    barValue = value;
    if (progress === null) bar.removeAttribute('aria-valuenow');
    else bar.setAttribute('aria-valuenow', String(wholePercent(value)));
    bar.setAttribute('aria-valuetext', progress === null ? label : `${words.percent(progress)}, ${label}`);
    write('percent', progress === null ? '' : words.percent(progress));
  }

  /** Speaks of stages, ends and lasting trouble; not of every percent. @param {string} label @param {FeedStatus} feed @param {Words} words */
  function speak(label, { phase }, words) {
    const isTrouble = phase === 'reconnecting' || phase === 'closed';
    troubleSince = isTrouble ? troubleSince || Date.now() : 0;
    const isLasting = isTrouble && Date.now() - troubleSince >= SPEAK_AFTER_MS;
    write('spoken', isLasting ? words.phases[phase] : label);
  }

  return {
    showNothing: (hint, words) => {
      Object.assign(card.dataset, { outcome: 'none', phase: 'none', silent: 'false', expired: 'false' });
      for (const id of ['connection', 'trouble', 'details']) byId(id, HTMLElement).hidden = true;
      byId('how', HTMLElement).hidden = false;
      write('run-id', '');
      write('label', words.noRun);
      write('elapsed', '');
      write('newest', hint);
      write('newest-age', '');
      write('spoken', '');
      showBar(null, words.noRun, words);
      stepsView.show(-1, 'waiting', words);
    },
    show: (run, feed, words) => {
      const now = Date.now() + feed.aheadMs;
      const outcome = outcomeOf(run);
      const stage = stageOf(run);
      const label = labelOf(run, outcome, stage, words);
      const silentMs = outcome === 'running' && feed.phase === 'live' ? now - (run.ts ?? now) : 0;
      const silent = silentMs > SILENT_MS;
      Object.assign(card.dataset, { outcome, phase: feed.phase, silent, expired: run.expired });
      for (const id of ['connection', 'details']) byId(id, HTMLElement).hidden = false;
      byId('how', HTMLElement).hidden = true;
      byId('trouble', HTMLElement).hidden = feed.phase !== 'closed';
      write('run-id', run.runId);
      write('phase', words.phases[feed.phase]);
      write('heard', feed.heardAt === null ? '' : words.heard(words.ago(Date.now() - feed.heardAt)));
      write('label', label);
      write('elapsed', elapsedOf(run, now, words));
      write(
        'newest',
        newestLine(run)?.text ?? (outcome === 'waiting' && feed.phase !== 'closed' ? words.waitingHint : ''),
      );
      write('newest-age', silent ? words.silentFor(words.duration(silentMs)) : ageOf(run, now, words));
      write('trouble-text', troubleOf(feed, words));
      write('log-count', String(run.log.filter((entry) => 'text' in entry).length));
      showBar(outcome === 'done' ? 1 : run.progress, label, words);
      stepsView.show(stage, outcome, words);
      logView.show(run.log, words);
      speak(label, feed, words);
    },
  };
}

/** '42% 에셋 생성', for the tab. @param {Run} run @param {Words} words */
export function titleOf(run, words) {
  const outcome = outcomeOf(run);
  const label = labelOf(run, outcome, stageOf(run), words);
  return run.progress === null || outcome === 'done' ? label : `${words.percent(run.progress)} ${label}`;
}

/** @param {Run} run @param {Outcome} outcome @param {number | null} stage @param {Words} words */
function labelOf({ state }, outcome, stage, words) {
  if (outcome === 'done' || outcome === 'failed' || outcome === 'waiting') return words[outcome];
  // A state of another pipeline is shown as it is written.
  return (stage !== null && words.doing[stage]) || (state ?? words.running);
}

/** @param {Run} run @param {number} now @param {Words} words */
function elapsedOf({ started, ts, done, expired }, now, words) {
  if (started === null || ts === null) return '';
  if (expired) return words.expired;
  return done ? words.took(words.duration(ts - started)) : words.elapsed(words.duration(now - started));
}

/** Of the newest line. @param {Run} run @param {number} now @param {Words} words */
function ageOf(run, now, words) {
  const ts = newestLine(run)?.ts ?? null;
  return ts === null ? '' : words.ago(now - ts);
}

/** @param {FeedStatus} feed @param {Words} words */
function troubleOf({ phase, problem }, words) {
  if (phase !== 'closed') return '';
  return problem ? `${words.closed} ${words.problem(problem)}` : words.closed;
}
