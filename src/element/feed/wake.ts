// The moments at which a lost connection is worth another try at once.

/**
 * `isCertain`: the network changed or the page was frozen, so that even an open connection is likely dead.
 * Returns what stops listening.
 */
export function onWake(listener: (isCertain: boolean) => void): () => void {
  const online = () => listener(true);
  const shown = (event: PageTransitionEvent) => event.persisted && listener(true);
  const visible = () => !document.hidden && listener(false);
  const resumed = () => listener(true);
  addEventListener('online', online);
  addEventListener('pageshow', shown);
  document.addEventListener('visibilitychange', visible);
  document.addEventListener('resume', resumed);
  return () => {
    removeEventListener('online', online);
    removeEventListener('pageshow', shown);
    document.removeEventListener('visibilitychange', visible);
    document.removeEventListener('resume', resumed);
  };
}
