// The bar and the ring: the same value, and the same `progressbar` to assistive technology.
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { ViewModel } from './view-model.ts';

/** Attributes common to both. `isInstant` skips the ride from the last value, for one that goes back. */
export interface ProgressInput {
  view: ViewModel;
  label: string;
  isInstant: boolean;
}

export function progressBar({ view, label, isInstant }: ProgressInput): TemplateResult {
  return html`<div
    class="bar ${isInstant ? 'instant' : ''}"
    part="bar"
    role="progressbar"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${view.value === null ? nothing : Math.floor(view.value * 100 + 1e-6)}
    aria-valuetext=${view.valueText}
    .style=${`--_value:${view.value ?? 0};${gaps(view.ticks)}`}
  >
    <div class="fill" part="fill"></div>
  </div>`;
}

export function progressRing({ view, label, isInstant }: ProgressInput, inside: unknown): TemplateResult {
  return html`<div
    class="circle ${isInstant ? 'instant' : ''}"
    part="bar"
    role="progressbar"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${view.value === null ? nothing : Math.floor(view.value * 100 + 1e-6)}
    aria-valuetext=${view.valueText}
    .style=${`--_value:${view.value ?? 0}`}
  >
    <svg viewBox="0 0 100 100" aria-hidden="true">
      ${svg`<circle class="rail" cx="50" cy="50" r="45" /><circle class="arc" part="fill" cx="50" cy="50" r="45" pathLength="100" />`}
    </svg>
    <span class="inside" part="percent">${inside}</span>
  </div>`;
}

/** Stages are told apart by real gaps in the bar, so that they show on any background. */
function gaps(ticks: readonly number[]): string {
  const inner = ticks.filter((tick) => tick > 0.01 && tick < 0.99);
  if (inner.length === 0) return '';
  const stops = inner.map((tick) => {
    const at = `${(tick * 100).toFixed(2)}%`;
    return `#000 calc(${at} - 1px),#0000 0 calc(${at} + 1px),#000 0`;
  });
  return `--_gaps:linear-gradient(to right,${stops.join(',')})`;
}
