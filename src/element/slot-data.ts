// Fills what a page put into the slots from the run's `data`: `<a slot="done" data-href="video_url">`.
import type { Data } from './message.ts';

/**
 * In each given element and below it, `data-href`, `data-src` and `data-text` name a field of `data`. An element whose
 * field is missing, or holds an address that isn't http(s), is hidden: a dead link helps nobody, and data may come
 * from anywhere, `javascript:` included.
 */
export function fillSlots(elements: Iterable<Element>, data: Data): void {
  for (const element of elements) {
    const all = [element, ...element.querySelectorAll('[data-href],[data-src],[data-text]')];
    for (const target of all) if (target instanceof HTMLElement) fill(target, data);
  }
}

function fill(target: HTMLElement, data: Data): void {
  const { href, src, text } = target.dataset;
  if (href === undefined && src === undefined && text === undefined) return;
  const wanted: [name: 'href' | 'src' | 'text', field: string | undefined][] = [
    ['href', href],
    ['src', src],
    ['text', text],
  ];
  let isWhole = true;
  for (const [name, field] of wanted) {
    if (field === undefined) continue;
    const value = name === 'text' ? textOf(data[field]) : addressOf(data[field]);
    if (value === undefined) isWhole = false;
    else if (name === 'text') target.textContent = value;
    else target.setAttribute(name, value);
  }
  target.hidden = !isWhole;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

function addressOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value, document.baseURI)) return undefined;
  return /^https?:$/.test(new URL(value, document.baseURI).protocol) ? value : undefined;
}
