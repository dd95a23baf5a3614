// Which language an element speaks: that of what it stands in.

/** The nearest ancestor's `lang`, also from within shadow roots; "" without one. */
export function languageOf(element: Element): string {
  const found = element.closest<HTMLElement>('[lang]');
  if (found !== null) return found.lang;
  const root = element.getRootNode();
  return root instanceof ShadowRoot ? languageOf(root.host) : '';
}
