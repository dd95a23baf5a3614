// What an element watches, from what its page has set.
import type { TransportName } from './connection-status.ts';

/** `manual`: nothing is opened; the page passes messages in by itself. */
export interface FeedTarget {
  /** Absolute, or against the page. */
  server: string;
  run: string;
  token: string;
  credentials: RequestCredentials;
  transport: TransportName | 'auto' | 'manual';
}

/** What a page sets; a framework may set any of it to a number or null. */
export interface FeedProperties extends Omit<FeedTarget, 'run'> {
  runId: string;
}

export function targetOf(
  { runId, server, token, transport, credentials }: FeedProperties,
  defaultServer: string,
): FeedTarget {
  return {
    server: server || defaultServer,
    // Half a pair of surrogates can't be sent. The service answers in NFC; Korean that was typed on a Mac may be decomposed.
    run: String(runId ?? '')
      .toWellFormed()
      .normalize(),
    token,
    transport,
    credentials: credentials === 'include' ? 'include' : 'same-origin',
  };
}
