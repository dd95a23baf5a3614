// The page at `/`: plays the worker on request, watches any run, and puts the two together.
import { byId, write } from './by-id.js';
import { startDemo } from './demo.js';
import { isOff, isUnderWay, showDemo } from './demo-view.js';
import { openFeed } from './feed.js';
import { NO_ANSWER } from './problem.js';
import { applyMessage, newRun } from './run.js';
import { createRunView, titleOf } from './run-view.js';
import { pickLanguage, wordsIn } from './words.js';

const DEMO_MS = 20_000;
/** Bursts are drawn once. No animation frame, which a tab in the background doesn't get: its title counts on. */
const DRAW_MS = 30;
const COPIED_MS = 2000;

const view = createRunView();
let words = wordsIn(pickLanguage([addressed('lang') ?? '', ...navigator.languages]));
/** @type {import('./run.js').Run | null} */
let run = null;
/** @type {import('./feed.js').Feed | null} */
let feed = null;
/** @type {import('./demo.js').Demo | null} */
let demo = null;
/** @type {import('./demo.js').DemoStatus | null} */
let demoStatus = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let drawing;

/** @param {string} name Of a parameter of the page's own URL. */
function addressed(name) {
  return new URLSearchParams(location.search).get(name);
}

/** @param {string} name @param {string} value */
function address(name, value) {
  const url = new URL(location.href);
  url.searchParams.set(name, value);
  return url;
}

/** Single quotes are encoded too, as the URL is shown inside them to be pasted into a shell. @param {string} runId */
function eventsUrl(runId) {
  return new URL(`api/runs/${encodeURIComponent(runId).replaceAll("'", '%27')}/events`, document.baseURI)
    .href;
}

/** Shows a run from nothing, whatever was shown before. @param {string} runId */
function watch(runId) {
  feed?.close();
  run = newRun(runId);
  byId('watch-id', HTMLInputElement).value = runId;
  byId('curl', HTMLElement).textContent = `curl -N '${eventsUrl(runId)}'`;
  feed = openFeed({
    url: eventsUrl(runId),
    onMessage: (message) => {
      if (run) run = applyMessage(run, message);
      if (run?.done) feed?.end();
      drawSoon();
    },
    onStatus: drawSoon,
  });
  drawSoon();
}

/** The same, as a step that the browser's back button undoes. @param {string} text */
function visit(text) {
  const runId = text.toWellFormed().normalize('NFC');
  if (addressed('run') !== runId) history.pushState(null, '', address('run', runId));
  watch(runId);
}

/** What the page's own URL says. */
function visitAddress() {
  const runId = addressed('run');
  if (runId) return watch(runId);
  feed?.close();
  feed = null;
  run = null;
  drawSoon();
}

async function runDemo() {
  if (isUnderWay(demoStatus) || isOff(demoStatus)) return;
  demoStatus = { phase: 'publishing', sent: 0, total: 0, problem: null };
  drawSoon();
  const updates = await loadUpdates();
  if (!updates) {
    demoStatus = { ...demoStatus, phase: 'refused', problem: NO_ANSWER };
    return drawSoon();
  }
  // Visitors of the same second have a run each.
  const runId = `${timeStamp(new Date())}_우주여행고양이_${Math.random().toString(36).slice(2, 6)}`;
  let isShown = false;
  demo = startDemo({
    url: eventsUrl(runId),
    updates,
    durationMs: DEMO_MS,
    onStatus: (status) => {
      demoStatus = status;
      // Where publishing is off there is nothing to see, and what was shown stays.
      if (status.sent > 0 && !isShown) visit(runId);
      isShown ||= status.sent > 0;
      drawSoon();
    },
  });
}

/** Null when nothing answers. @returns {Promise<import('./demo.js').Update[] | null>} */
async function loadUpdates() {
  try {
    return await (await fetch('pipeline.json')).json();
  } catch {
    // A TypeError.
    return null;
  }
}

/** '20251105_143012' @param {Date} date */
function timeStamp(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`;
  return `${day}_${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`;
}

function drawSoon() {
  drawing ||= setTimeout(draw, DRAW_MS);
}

function draw() {
  clearTimeout(drawing);
  drawing = undefined;
  showDemo(demoStatus, words);
  if (run && feed) view.show(run, feed.status(), words);
  else view.showNothing(isOff(demoStatus) ? words.noDemoHint : words.noRunHint, words);
  document.body.classList.toggle('watching', run !== null);
  document.title = run ? `${titleOf(run, words)} · run-progress` : 'run-progress';
}

/** The words that the HTML holds. */
function drawWords() {
  document.documentElement.lang = words.language;
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = String(
      words[/** @type {keyof typeof words} */ (element.getAttribute('data-text'))],
    );
  for (const element of document.querySelectorAll('[data-label]'))
    element.ariaLabel = String(words[/** @type {keyof typeof words} */ (element.getAttribute('data-label'))]);
  byId('language', HTMLElement).lang = words.language === 'ko' ? 'en' : 'ko';
  draw();
}

/** Without the right to write (a page over plain HTTP) the text is selected, to be copied by hand. */
async function copyCommand() {
  const command = byId('curl', HTMLElement);
  try {
    await navigator.clipboard.writeText(command.textContent ?? '');
    write('copy', words.copied);
  } catch {
    // A TypeError where there is no clipboard, a NotAllowedError where it is refused.
    getSelection()?.selectAllChildren(command);
    write('copy', words.selected);
  }
  setTimeout(() => write('copy', words.copy), COPIED_MS);
}

byId('demo', HTMLElement).addEventListener('click', runDemo);
byId('demo-fail', HTMLElement).addEventListener('click', () => demo?.fail());
byId('retry', HTMLElement).addEventListener('click', () => {
  feed?.retry();
  // The button goes, and the focus would with it.
  byId('card', HTMLElement).focus({ preventScroll: true });
});
byId('copy', HTMLElement).addEventListener('click', copyCommand);
byId('language', HTMLElement).addEventListener('click', () => {
  words = wordsIn(words.language === 'ko' ? 'en' : 'ko');
  history.replaceState(null, '', address('lang', words.language));
  drawWords();
});
byId('watch', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  visit(byId('watch-id', HTMLInputElement).value);
});
addEventListener('popstate', visitAddress);
// A person who comes back to a connection that was given up is the one to try again for.
addEventListener('online', () => feed?.retry());
document.addEventListener('visibilitychange', () => document.hidden || feed?.retry());
setInterval(drawSoon, 1000);

visitAddress();
drawWords();
