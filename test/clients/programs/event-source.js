// The shape that all EventSource implementations share. They stop by themselves: after the end the service answers 204.
import { reportDone, reportMessage, reportReady } from './report.js';

/**
 * @param {new (url: string) => {
 *   readyState: number;
 *   addEventListener(type: string, listener: (event: any) => void): void;
 *   close(): void;
 * }} Source
 * @param {string} url
 */
export function followBy(Source, url) {
  const source = new Source(url);
  let isDone = false;
  source.addEventListener('ping', reportReady);
  source.addEventListener('message', ({ data }) => {
    isDone = reportMessage(data);
  });
  source.addEventListener('error', () => {
    // Some close after they have said so.
    queueMicrotask(() => {
      if (source.readyState !== 2) return;
      if (isDone) reportDone();
      else console.log('gave up');
    });
  });
  return source;
}
