// The showcase: plays a run for three variants of the element, and hangs up every state side by side.
import { byId } from './by-id.js';
import { startDemo } from './demo.js';
import { exampleElement, exampleStates } from './showcase-states.js';

const DEMO_MS = 30_000;
const COPIED_MS = 2_000;

const start = byId('start', HTMLButtonElement);
const failing = byId('fail', HTMLButtonElement);
const updates = await (await fetch('pipeline.json')).json();
/** @type {import('./demo.js').Demo | undefined} */
let demo;

/** Nobody else's run, and a fresh one each time. */
function newRunId() {
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return `${time.slice(0, 8)}_${time.slice(8)}_우주여행고양이`;
}

/** @param {string} runId */
function show(runId) {
  for (const id of ['full', 'compact', 'ring'])
    document.querySelector(`#${id}`)?.setAttribute('run-id', runId);
  byId('embed', HTMLElement).textContent =
    `<script type="module" src="${new URL('run-progress.js', document.baseURI)}"></script>\n` +
    `<run-progress run-id="${runId}"></run-progress>`;
  byId('curl', HTMLElement).textContent = `curl -N '${eventsUrl(runId)}'`;
}

/** @param {string} runId */
function eventsUrl(runId) {
  return new URL(`api/runs/${encodeURIComponent(runId)}/events`, document.baseURI).href;
}

/** @param {import('./demo.js').DemoStatus} status */
function onStatus({ phase, problem }) {
  const isOver = phase === 'finished' || phase === 'refused';
  start.disabled = !isOver;
  failing.hidden = isOver;
  const words = {
    publishing: 'This page plays the worker for half a minute.',
    waiting: 'The server can not record at the moment; trying again.',
    refused: `The server refused: ${problem?.detail ?? 'no reason given'}`,
    finished: '',
  };
  byId('hint', HTMLElement).textContent = words[phase];
}

start.addEventListener('click', () => {
  const runId = newRunId();
  show(runId);
  demo = startDemo({ url: eventsUrl(runId), updates, durationMs: DEMO_MS, onStatus });
});
failing.addEventListener('click', () => demo?.fail());

document.addEventListener('click', async ({ target }) => {
  if (!(target instanceof HTMLButtonElement) || target.dataset.copy === undefined) return;
  const text = byId(target.dataset.copy, HTMLElement).textContent ?? '';
  await navigator.clipboard.writeText(text);
  target.textContent = 'Copied';
  setTimeout(() => {
    target.textContent = 'Copy';
  }, COPIED_MS);
});

const width = byId('width', HTMLInputElement);

/** Draws all states anew, as the controls say. */
function hang() {
  const variant = byId('variant', HTMLSelectElement).value;
  const wall = byId('states', HTMLElement);
  wall.style.colorScheme = byId('theme', HTMLSelectElement).value;
  wall.lang = byId('language', HTMLSelectElement).value;
  wall.replaceChildren(
    ...exampleStates(Date.now()).map((example) => {
      const card = document.createElement('div');
      card.className = 'card';
      const title = document.createElement('h3');
      title.textContent = example.name;
      card.append(title, exampleElement(example, /** @type {'full' | 'compact' | 'ring'} */ (variant)));
      return card;
    }),
  );
  resize();
}

function resize() {
  const isRing = byId('variant', HTMLSelectElement).value === 'ring';
  const pixels = isRing ? Math.min(120, Math.round(Number(width.value) / 4)) : Number(width.value);
  byId('pixels', HTMLOutputElement).value = `${pixels} px`;
  for (const card of document.querySelectorAll('#states .card')) {
    if (!(card instanceof HTMLElement)) continue;
    card.style.inlineSize = `${pixels}px`;
    const element = card.querySelector('run-progress');
    if (element && isRing) element.style.inlineSize = `${pixels}px`;
  }
}

for (const id of ['variant', 'theme', 'language'])
  document.querySelector(`#${id}`)?.addEventListener('change', hang);
width.addEventListener('input', resize);
show(newRunId());
await customElements.whenDefined('run-progress');
hang();
