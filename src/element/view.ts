// The three variants as templates. They place what the view model says and decide nothing.
import { html, nothing, type TemplateResult } from 'lit';
import { clockIcon, crossIcon, currentIcon, downIcon, futureIcon, tickIcon } from './marks.ts';
import { progressBar, progressRing } from './progress-bar.ts';
import type { StageView, ViewModel } from './view-model.ts';
import type { Words } from './words.ts';

export interface ViewParts {
  view: ViewModel;
  words: Words;
  label: string;
  isInstant: boolean;
  lineCount: number;
  isLogOpen: boolean;
  onToggleLog: () => void;
  /** The unfolded log, or nothing. */
  log: unknown;
}

export function fullView(parts: ViewParts): TemplateResult {
  const { view } = parts;
  return html`<div class="run full ${classes(view)}" part="base">
    <div class="head">
      ${mark(view)}
      <span class="title" part="title">${view.title}</span>
      ${view.attempt === '' ? nothing : html`<span class="attempt muted">${view.attempt}</span>`}
      <span class="gap"></span>
      ${ending(view)}
      <span class="times muted" part="remaining">
        <span class="elapsed">${view.elapsed}</span>
        ${view.remaining === '' ? nothing : html`<span class="remaining">${view.remaining}</span>`}
      </span>
      <span class="percent" part="percent">${view.percent}</span>
    </div>
    ${progressBar(parts)} ${stepper(view)}
    <div class="foot">
      <span class="newest" part="message" title=${view.newest}>${view.newest}</span>
      ${when(view)} ${toggle(parts)}
    </div>
    ${parts.log}
  </div>`;
}

export function compactView(parts: ViewParts): TemplateResult {
  const { view } = parts;
  return html`<div class="run compact ${classes(view)}" part="base" title=${hint(view)}>
    ${mark(view)} ${progressBar(parts)}
    <span class="percent" part="percent">${view.percent}</span>
    <span class="title" part="title">${view.notice || (view.look === 'done' ? view.title : view.brief)}</span>
    ${ending(view)}
  </div>`;
}

export function ringView(parts: ViewParts): TemplateResult {
  const { view } = parts;
  const inside = view.look === 'done' ? tickIcon : view.percent;
  return html`<div class="run ring ${classes(view)}" part="base" title=${hint(view)}>
    ${progressRing(parts, inside)}
    <span class="title" part="title">${view.notice || view.brief}</span>
    ${ending(view)}
  </div>`;
}

/** What a small variant has no room for. */
function hint({ title, notice, newest }: ViewModel): string {
  return [title, notice, newest].filter((part) => part !== '').join('\n');
}

function classes(view: ViewModel): string {
  return `${view.look}${view.isAway ? ' away' : ''}`;
}

function mark(view: ViewModel): TemplateResult {
  const sign = view.look === 'done' ? tickIcon : view.look === 'failed' ? crossIcon : nothing;
  return html`<span class="dot" part="dot">${sign}</span>`;
}

/** What the page wants to show at the end: a link to the video, say. */
function ending(view: ViewModel): unknown {
  if (view.look === 'done') return html`<slot name="done"></slot>`;
  if (view.look === 'failed') return html`<slot name="failed"></slot>`;
  return nothing;
}

function stepper(view: ViewModel): TemplateResult {
  const columns = view.stages.map(
    ({ span }) => `minmax(max-content,${Math.max(1, Math.round(span * 100))}fr)`,
  );
  return html`<div class="stages" part="stages">
    <ol .style=${`grid-template-columns:${columns.join(' ')}`}>
      ${view.stages.map(step)}
    </ol>
    <span class="step muted">${view.step}</span>
  </div>`;
}

function step({ label, phase }: StageView): TemplateResult {
  const sign = { past: tickIcon, current: currentIcon, failed: crossIcon, future: futureIcon }[phase];
  return html`<li class=${phase} part="stage" aria-current=${phase === 'current' ? 'step' : nothing}>
    ${sign}<span>${label}</span>
  </li>`;
}

function when(view: ViewModel): TemplateResult {
  if (view.notice === '') return html`<span class="age muted">${view.age}</span>`;
  return html`<span class="notice" part="notice">${clockIcon}<span>${view.notice}</span></span>`;
}

function toggle({ lineCount, isLogOpen, onToggleLog, words }: ViewParts): TemplateResult {
  return html`<button
    class="toggle"
    part="toggle"
    type="button"
    ?disabled=${lineCount === 0}
    aria-expanded=${isLogOpen}
    aria-controls=${isLogOpen ? 'log' : nothing}
    @click=${onToggleLog}
  >
    <span class="word">${words.log}</span> <span class="count">${lineCount}</span>${downIcon}
  </button>`;
}
