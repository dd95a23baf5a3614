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
        const address = data[field];
        const isShown = isWebAddress(address);
        target.hidden = !isShown;
        if (isShown) target.setAttribute(name, address);
        // The attribute alone loses to any class of the page that sets `display`.
        if (!isShown) target.style.setProperty('display', 'none', 'important');
        else if (target.style.display === 'none') target.style.display = '';
      }
    }
  }
}

function isWebAddress(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value !== '' &&
    URL.canParse(value, document.baseURI) &&
    /^https?:/.test(new URL(value, document.baseURI).href)
  );
}
