// The few signs that stand beside the colours. Drawn, not typed: fonts disagree about ✓ and ▾.
import { svg, type TemplateResult } from 'lit';

const sign = (name: string, content: TemplateResult) =>
  svg`<svg class="sign ${name}" viewBox="0 0 16 16" aria-hidden="true">${content}</svg>`;

export const tickIcon = sign('tick', svg`<path pathLength="1" d="M3.5 8.5l3 3 6-7"/>`);
export const crossIcon = sign('cross', svg`<path d="M4.5 4.5l7 7m0-7l-7 7"/>`);
export const currentIcon = sign('current', svg`<circle cx="8" cy="8" r="3.5"/>`);
export const futureIcon = sign('future', svg`<circle cx="8" cy="8" r="3"/>`);
export const downIcon = sign('down', svg`<path d="M4 6l4 4 4-4"/>`);
export const copyIcon = sign('pages', svg`<path d="M6 5.5h6.5v7H6zM10 5.5v-2H3.5v7H6"/>`);
export const clockIcon = sign('clock', svg`<circle cx="8" cy="8" r="5"/><path d="M8 5v3.2l2 1.3"/>`);
