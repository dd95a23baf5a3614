// The orderly end: tells streams when to come back, records what was heard, and closes the store.
import type { Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { within } from '../runs/within.ts';

export interface ShutdownSteps {
  server: Server;
  /** How long the server goes on first. `/readyz` is 503 meanwhile, so that a balancer sends new readers elsewhere. */
  drainMs: number;
  /** Ends streams and WebSockets. */
  closeReaders(): void;
  /** Records the waiting updates, and closes the connections. */
  closeStore(): Promise<void>;
  /** After that, in all: what has not ended by then is cut. */
  deadlineMs: number;
}

/** A part of the time is kept for the store, after the last reader. */
const READERS_SHARE = 0.7;

/** Fulfilled when all is closed, or at the deadline. */
export async function shutDown({
  server,
  drainMs,
  closeReaders,
  closeStore,
  deadlineMs,
}: ShutdownSteps): Promise<void> {
  if (drainMs > 0) await pause(drainMs);
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  closeReaders();
  // `close` waits for idle keep-alive connections as well.
  server.closeIdleConnections();
  await within(deadlineMs * READERS_SHARE, closed);
  server.closeAllConnections();
  await within(deadlineMs * (1 - READERS_SHARE), closeStore());
}
