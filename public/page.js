// The page at `/`: plays the worker on request, and shows a run in three variants of the element.
import { byId, write } from './by-id.js';
import { startDemo } from './demo.js';
import { isOff, isUnderWay, showDemo } from './demo-view.js';
import { playExample } from './page-example.js';
import { createWall } from './page-wall.js';
import { NO_ANSWER, readProblem } from './problem.js';
import { pickLanguage, wordsIn } from './words.js';

const DEMO_MS = 20_000;
const COPIED_MS = 2000;

/** @typedef {import('../src/element/run-progress-element.ts').RunProgressElement} RunProgressElement */

const live = /** @type {RunProgressElement[]} */ (
  ['full', 'compact', 'ring'].map((id) => byId(id, HTMLElement))
);
const full = /** @type {RunProgressElement} */ (live[0]);
const wall = createWall();
let words = wordsIn(pickLanguage([addressed('lang') ?? '', ...navigator.languages]));
let runId = '';
/** @type {import('./demo.js').Demo | null} */
let demo = null;
/** @type {import('./demo.js').DemoStatus | null} */
let demoStatus = null;
/** @type {import('./problem.js').Problem | null} */
let watchProblem = null;
/** @type {(() => void) | null} */
let stopExample = null;

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

/** @param {string} path @param {string} id */
function runUrl(path, id) {
  return new URL(path.replace('*', encodeURIComponent(id)), document.baseURI).href;
}

/** For people and shells: letters stay letters where they need no quoting. @param {string} id */
function readableUrl(id) {
  const url = runUrl('api/runs/*/events', id);
  if (!/^[\p{L}\p{N}_.-]+$/u.test(id)) return url.replaceAll("'", '%27');
  return url.replace(encodeURIComponent(id), id);
}

/** Shows a run from nothing, whatever was shown before. @param {string} id */
function watch(id) {
  runId = id;
  watchProblem = null;
  stopExample?.();
  stopExample = null;
  for (const element of live) {
    element.transport = 'auto';
    element.setAttribute('run-id', id);
  }
  byId('watch-id', HTMLInputElement).value = id;
  drawCode();
  draw();
}

/** The same, as a step that the browser's back button undoes. @param {string} text */
function visit(text) {
  const id = text.toWellFormed().normalize('NFC');
  if (addressed('run') !== id) history.pushState(null, '', address('run', id));
  watch(id);
}

/** What the page's address names; else an example, until the visitor starts a run of their own. */
function show() {
  const id = addressed('run');
  if (id || !customElements.get('run-progress')) return watch(id || newRunId());
  runId = newRunId();
  stopExample?.();
  stopExample = playExample(live, words);
  drawCode();
  draw();
}

/** Nobody else's run: visitors of the same second have one each. */
function newRunId() {
  const time = new Date();
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString();
  const stamp = local.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
  return `${stamp}_${words.runName}_${Math.random().toString(36).slice(2, 6)}`;
}

async function runDemo() {
  if (isUnderWay(demoStatus) || isOff(demoStatus)) return;
  onDemo({ phase: 'publishing', sent: 0, total: 0, problem: null });
  const updates = await loadUpdates();
  if (!updates) return onDemo({ phase: 'refused', sent: 0, total: 0, problem: NO_ANSWER });
  // The run whose commands may have been copied already, as long as nobody has heard of it.
  const id = addressed('run') ? newRunId() : runId;
  demo = startDemo({
    url: runUrl('api/runs/*/events', id),
    updates: updates.map((update, i) => ({
      ...update,
      log: words.demoLines[i] ?? update.log,
      ...(i === updates.length - 1 && { data: { record_url: recordUrl(id) } }),
    })),
    failure: { state: 'FAILED', log: words.demoFailure },
    durationMs: DEMO_MS,
    onStatus: (status) => {
      // Where publishing is off there is nothing to see, and what was shown stays.
      if (status.sent > 0 && !demoStatus?.sent) visit(id);
      onDemo(status);
    },
  });
}

/** Everything that was published, as text. @param {string} id */
function recordUrl(id) {
  return `${runUrl('api/runs/*/events', id)}?format=text&last_event_id=0`;
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

/** @param {import('./demo.js').DemoStatus} status */
function onDemo(status) {
  demoStatus = status;
  draw();
}

/** The element gets through to nothing and tries on; the server says why, if it can. @param {string} id */
async function askWhy(id) {
  try {
    const response = await fetch(runUrl('api/runs/*', id));
    if (response.ok || response.status === 404 || id !== runId) return;
    watchProblem = await readProblem(response);
  } catch {
    // A TypeError: nothing answered.
    watchProblem = NO_ANSWER;
  }
  draw();
}

function draw() {
  showDemo(demoStatus, words, stopExample !== null);
  byId('watch-problem', HTMLElement).hidden = watchProblem === null;
  write('watch-problem', watchProblem ? words.problem(watchProblem) : '');
  const progress = stopExample ? null : (full.progress ?? null);
  document.title = `${progress === null ? '' : `${words.percent(progress)} · `}run-progress`;
}

function drawCode() {
  byId('embed', HTMLElement).textContent =
    `<script type="module" src="${new URL('run-progress.js', document.baseURI)}"></script>\n` +
    `<run-progress run-id="${runId.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></run-progress>`;
  byId('report', HTMLElement).textContent =
    `# ${words.reportNeeds}\nfrom publish_progress import publish_progress\n\n` +
    `publish_progress(${JSON.stringify(runId)}, state="RENDERING", progress=0.75, log=${JSON.stringify(words.reportLine)})`;
  byId('curl', HTMLElement).textContent = `curl -N '${readableUrl(runId)}'`;
}

/** Everything that has words. */
function drawWords() {
  document.documentElement.lang = words.language;
  /** @param {Element} element @param {string} attribute */
  const said = (element, attribute) =>
    String(words[/** @type {keyof typeof words} */ (element.getAttribute(attribute))]);
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = said(element, 'data-text');
  for (const element of document.querySelectorAll('[data-label]'))
    element.ariaLabel = said(element, 'data-label');
  byId('language', HTMLElement).lang = words.language === 'ko' ? 'en' : 'ko';
  for (const element of document.querySelectorAll('run-progress')) element.requestUpdate?.();
  drawCode();
  draw();
  if (customElements.get('run-progress')) wall.draw(words);
}

/** Without the right to write (a page over plain HTTP) the text is selected, to be copied by hand. @param {HTMLButtonElement} button */
async function copy(button) {
  const code = byId(button.dataset.copy ?? '', HTMLElement);
  let said = words.copied;
  try {
    await navigator.clipboard.writeText(code.textContent ?? '');
  } catch {
    // A TypeError where there is no clipboard, a NotAllowedError where it is refused.
    getSelection()?.selectAllChildren(code);
    said = words.selected;
  }
  button.textContent = said;
  write('copied', said);
  setTimeout(() => {
    button.textContent = words.copy;
    write('copied', '');
  }, COPIED_MS);
}

byId('demo', HTMLElement).addEventListener('click', runDemo);
byId('demo-fail', HTMLElement).addEventListener('click', () => demo?.fail());
byId('language', HTMLElement).addEventListener('click', () => {
  words = wordsIn(words.language === 'ko' ? 'en' : 'ko');
  history.replaceState(null, '', address('lang', words.language));
  drawWords();
  if (stopExample) show();
});
byId('watch', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  visit(byId('watch-id', HTMLInputElement).value);
});
for (const button of document.querySelectorAll('[data-copy]'))
  button.addEventListener('click', () => copy(/** @type {HTMLButtonElement} */ (button)));
full.addEventListener('run-progress', draw);
full.addEventListener('run-connection', ({ detail }) => {
  if (/retrying|refused/.test(detail.phase) && full.state === null) return void askWhy(runId);
  if (detail.phase !== 'live' || !watchProblem) return;
  watchProblem = null;
  draw();
});
addEventListener('popstate', show);

drawWords();
show();
