// The bar and the ring: the same value, and the same `progressbar` to assistive technology.
import { html, nothing, type TemplateResult } from 'lit';
import { wholePercent } from './duration.ts';
import type { ViewModel } from './view-model.ts';

/** From the top round to the top, clockwise. */
const RING = 'M50 5a45 45 0 1 1-.1 0';

export interface ProgressInput {
  view: ViewModel;
  label: string;
  /** What was shown last. */
  before: ViewModel | undefined;
}

export function progressBar(input: ProgressInput): TemplateResult {
  return progress('bar', input, html`<div class="fill" part="fill"></div>`);
}

export function progressRing(input: ProgressInput, inside: unknown): TemplateResult {
  return progress(
    'circle',
    input,
    html`<svg viewBox="0 0 100 100" aria-hidden="true">
        <path class="rail" d=${RING} />
        <path class="fill" part="fill" d=${RING} pathLength="100" />
      </svg>
      <span class="inside" part="percent">${inside}</span>`,
  );
}

function progress(shape: string, { view, before, label }: ProgressInput, content: unknown): TemplateResult {
  const from = before?.value ?? null;
  // No ride backwards, nor from nowhere.
  const isInstant = from === null || (view.value ?? 0) < from;
  return html`<div
    class="${shape} ${view.value === null ? 'unknown' : isInstant ? 'instant' : ''}"
    part="bar"
    role="progressbar"
    aria-label=${label}
    aria-valuenow=${view.value === null ? nothing : wholePercent(view.value)}
    aria-valuetext=${view.valueText}
    .style=${`--_value:${view.value ?? 0};--_gaps:${gaps(view.ticks)}`}
  >
    ${content}
  </div>`;
}

/** Stages are told apart by real gaps in the bar, so that they show on any background. */
function gaps(ticks: readonly number[]): string {
  const stops = ticks
    .filter((tick) => tick > 0.01 && tick < 0.99)
    .map((tick) => `#000 calc(${tick * 100}% - 1px),#0000 0 calc(${tick * 100}% + 1px),#000 0`);
  return `linear-gradient(90deg,${stops.join() || '#000,#000'})`;
}
