// Fills what a page put into the slots from the run's `data`: `<a slot="done" data-href="video_url">`.
import type { Data } from './message.ts';

/**
 * In each given element and below it, `data-href` and `data-src` name a field of `data`. An element whose field is
 * missing, or holds no http(s) address, is hidden: a dead link helps nobody, and data may come from anywhere,
 * `javascript:` included.
 */
export function fillSlots(elements: Iterable<Element>, data: Data): void {
  for (const element of elements) {
    for (const name of ['href', 'src']) {
      const targets = element.querySelectorAll<HTMLElement>(`[data-${name}]`);
      for (const target of [element as HTMLElement, ...targets]) {
        const field = target.dataset[name];
        if (field === undefined) continue;
        const address = String(data[field] ?? '');
        target.hidden = !isWebAddress(address);
        // The attribute alone loses to any class of the page that sets `display`.
        if (target.hidden) target.style.setProperty('display', 'none', 'important');
        else if (target.style.display === 'none') target.style.removeProperty('display');
        if (!target.hidden) target.setAttribute(name, address);
      }
    }
  }
}

function isWebAddress(text: string): boolean {
  return (
    text !== '' &&
    URL.canParse(text, document.baseURI) &&
    /^https?:/.test(new URL(text, document.baseURI).href)
  );
}
