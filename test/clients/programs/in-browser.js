// The clients that are made for pages, bundled and run in a browser: `follow(name, url)`.
import { fetchEventSource } from '@microsoft/fetch-event-source';
import ReconnectingEventSource from 'reconnecting-eventsource';
import { SSE } from 'sse.js';
import { followBy } from './event-source.js';
import { reportDone, reportMessage, reportReady } from './report.js';

/** @type {Record<string, (url: string) => void>} */
const clients = {
  EventSource: (url) => void followBy(EventSource, url),

  // It doesn't come back after a stream that ends in order, so onclose throws; and it takes a 204 for a fault.
  '@microsoft/fetch-event-source': (url) => {
    const abort = new AbortController();
    void fetchEventSource(url, {
      signal: abort.signal,
      openWhenHidden: true,
      onmessage: ({ event, data }) => {
        if (event === 'ping') return reportReady();
        if (!data || !reportMessage(data)) return;
        abort.abort();
        reportDone();
      },
      onclose: () => {
        throw new Error('the stream ended before the run');
      },
      onerror: () => {},
    });
  },

  // It opens a new EventSource where that one gives up, so its user closes it at the end of the run.
  'reconnecting-eventsource': (url) => {
    const source = new ReconnectingEventSource(url, { max_retry_time: 2000 });
    source.addEventListener('ping', reportReady);
    source.addEventListener('message', ({ data }) => {
      if (!reportMessage(data)) return;
      source.close();
      reportDone();
    });
  },

  'sse.js': (url) => {
    const source = new SSE(url, { autoReconnect: true, reconnectDelay: 500 });
    source.addEventListener('ping', reportReady);
    source.addEventListener('message', (/** @type {any} */ { data }) => {
      if (!data || !reportMessage(data)) return;
      source.close();
      reportDone();
    });
  },
};

/** @param {string} name @param {string} url */
globalThis.follow = (name, url) => clients[name]?.(url);
