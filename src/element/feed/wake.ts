// The moments at which a lost connection is worth another try at once.

/**
 * `isCertain`: the network changed or the page was frozen, so that even an open connection is likely dead.
 * Returns what stops listening.
 */
export function onWake(listener: (isCertain: boolean) => void): () => void {
  const controller = new AbortController();
  const { signal } = controller;
  const certain = () => listener(true);
  addEventListener('online', certain, { signal });
  document.addEventListener('resume', certain, { signal });
  document.addEventListener('visibilitychange', () => !document.hidden && listener(false), { signal });
  return () => controller.abort();
}
