// An element of the page by its id, of the kind that the caller relies on, and its text.

/**
 * Throws TypeError if the page has no such element: script and page are of different versions then.
 *
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new TypeError(`#${id} must be a ${kind.name}, not ${element?.constructor.name ?? 'missing'}`);
}

/** Text that is set again would be spoken again, and lose its selection. @param {string} id @param {string} text */
export function write(id, text) {
  const element = byId(id, HTMLElement);
  if (element.textContent !== text) element.textContent = text;
}
