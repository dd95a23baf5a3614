// The moments at which a lost connection is worth another try at once.

/**
 * For as long as the page lives. `isCertain`: the network changed or the page was frozen, so that even an open
 * connection is likely dead.
 */
export function onWake(listener: (isCertain: boolean) => void): void {
  addEventListener('online', () => listener(true));
  document.addEventListener('resume', () => listener(true));
  document.addEventListener('visibilitychange', () => document.hidden || listener(false));
}
