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
  /** What was shown last. */
  before: ViewModel | undefined;
  lineCount: number;
  isLogOpen: boolean;
  onToggleLog: () => void;
  /** The unfolded log, or nothing. */
  log: unknown;
}

export function fullView(parts: ViewParts): TemplateResult {
  const { view } = parts;
  return html`<div class="head">
      ${mark(view)} ${text('title', view.title)}
      ${view.notes && html`<span class="note muted">${view.notes}</span>`}
      <span class="times muted" part="remaining">
        ${view.remaining && html`<span>${view.remaining}</span>`}<span>${view.elapsed}</span>
      </span>
      ${ending(view)} ${text('percent', view.percent)}
    </div>
    ${progressBar(parts)} ${view.stages.length > 0 ? stepper(view) : nothing}
    <div class="foot">
      ${text('message', parts.isLogOpen ? '' : view.newest, view.newest)} ${when(view)} ${toggle(parts)}
    </div>
    ${parts.log}`;
}

export function compactView(parts: ViewParts): TemplateResult {
  const { view } = parts;
  return html`${mark(view)} ${progressBar(parts)} ${text('percent', view.percent)}
  ${text('title', view.notice || view.brief, hint(view))} ${ending(view)}`;
}

export function ringView(parts: ViewParts): TemplateResult {
  const { view } = parts;
  return html`${progressRing(parts, view.look === 'done' ? tickIcon : view.percent)}
  ${text('title', view.notice || view.brief, hint(view))} ${ending(view)}`;
}

/** Words that may be cut. A browser cuts them where they end by their own direction. */
function text(part: string, content: string, title?: string): TemplateResult {
  return html`<span dir="auto" class=${part} part=${part} title=${title ?? nothing}>${content}</span>`;
}

/** What a small variant has no room for. */
function hint({ title, notes, notice, newest }: ViewModel): string {
  return [title, notes, notice, newest].filter(Boolean).join('\n');
}

function mark({ look }: ViewModel): TemplateResult {
  return html`<span class="dot" part="dot">${look === 'done' ? tickIcon : look === 'failed' ? crossIcon : nothing}</span>`;
}

/** What the page wants to show at the end: a link to the video, say. */
function ending({ ending }: ViewModel): unknown {
  return ending && html`<slot name=${ending}></slot>`;
}

/** Both forms of it; the style sheet shows the row where each label fits into its segment. */
function stepper({ stages, step }: ViewModel): TemplateResult {
  const columns = stages.map(({ span }) => `${Math.max(1, span * 100)}fr`);
  return html`<div class="stages" part="stages">
    <span dir="auto" class="step muted" aria-hidden="true">${step}</span>
    <ol .style=${`grid-template-columns:${columns.join(' ')}`}>
      ${stages.map(stepItem)}
    </ol>
  </div>`;
}

function stepItem({ label, phase, span, took }: StageView, place: number, all: StageView[]): TemplateResult {
  const sign = { past: tickIcon, current: currentIcon, failed: crossIcon, future: futureIcon }[phase];
  const isEnd = place > 0 && place === all.length - 1 && span < 0.1;
  return html`<li class="${phase} ${isEnd ? 'end' : ''}" part="stage" aria-current=${phase === 'current' ? 'step' : nothing}>
    ${sign}<span>${label}</span>${took && !isEnd ? html`<span class="took"><span>${took}</span></span>` : nothing}
  </li>`;
}

function when({ notice, age }: ViewModel): TemplateResult {
  return notice
    ? html`<span class="notice" part="notice">${clockIcon}<span dir="auto">${notice}</span></span>`
    : html`<span class="age muted">${age}</span>`;
}

function toggle({ lineCount, isLogOpen, onToggleLog, words }: ViewParts): TemplateResult {
  return html`<button
    class="toggle"
    part="toggle"
    ?disabled=${lineCount === 0}
    aria-label="${words.log} ${lineCount}"
    aria-expanded=${isLogOpen}
    @click=${onToggleLog}
  >
    <span class="word">${words.log}</span> <span>${lineCount}</span>${downIcon}
  </button>`;
}
