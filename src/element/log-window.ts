// Which lines of a long log are in the DOM. Pure: lines differ in height, and most were never measured.

export interface LogWindow {
  /** First line shown, and the one after the last. */
  from: number;
  to: number;
  /** Height of what isn't shown, in px. */
  above: number;
  below: number;
}

/** Up to this many lines are simply all there. */
export const WHOLE = 60;

/** `heightOf` answers with the measured height of a line, or the usual one. */
export function logWindow(
  count: number,
  heightOf: (index: number) => number,
  scrollTop: number,
  viewport: number,
): LogWindow {
  if (count <= WHOLE) return { from: 0, to: count, above: 0, below: 0 };
  // A screenful more on both sides, so that scrolling doesn't run into emptiness before the next render.
  const top = scrollTop - viewport;
  const bottom = scrollTop + 2 * viewport;
  let from = 0;
  let above = 0;
  while (from < count - 1 && above + heightOf(from) < top) above += heightOf(from++);
  let to = from;
  let edge = above;
  while (to < count && edge < bottom) edge += heightOf(to++);
  let below = 0;
  for (let index = to; index < count; index++) below += heightOf(index);
  return { from, to, above, below };
}
