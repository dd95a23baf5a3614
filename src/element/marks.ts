// The few signs that stand beside the colours. Drawn, not typed: fonts disagree about ✓ and ▾.
import { html, type TemplateResult } from 'lit';

const sign = (name: string, path: string): TemplateResult =>
  html`<svg class="sign ${name}" viewBox="0 0 16 16" aria-hidden="true"><path pathLength="1" d=${path} /></svg>`;

export const tickIcon = sign('tick', 'M3.5 8.5l3 3 6-7');
export const crossIcon = sign('cross', 'M4.5 4.5l7 7m0-7l-7 7');
export const currentIcon = sign('solid', 'M8 4.5a3.5 3.5 0 1 0 .1 0');
export const futureIcon = sign('', 'M8 5a3 3 0 1 0 .1 0z');
export const downIcon = sign('', 'M4 6l4 4 4-4');
export const clockIcon = sign('', 'M8 3a5 5 0 1 0 .1 0zM8 5v3.2l2 1.3');
