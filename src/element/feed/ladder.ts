// Which way comes next: the stream, or looks where streams don't get through. Shared by all connections to a service,
// so that a page that is shown again needn't find out anew.
import type { TransportName } from '../connection-status.ts';
import type { Ending } from './attempt.ts';

/** Breaks before the other way is tried: mostly it is the server that is away. */
const PATIENCE = 3;
const FIRST_CLIMB_MS = 5_000;
const LAST_CLIMB_MS = 300_000;

export interface Ladder {
  transport(now: number): TransportName;
  /** After an attempt. `isLasting`: it held for a while, so it has worked. */
  note(transport: TransportName, why: Ending['why'], isLasting: boolean, now: number): void;
  /** The network has changed: the stream is worth another try. */
  reset(): void;
}

export function createLadder(wanted: TransportName | 'auto'): Ladder {
  // Whatever else a page or a framework says, null for an attribute that was taken away, is no wish.
  const forced = wanted === 'stream' || wanted === 'poll' ? wanted : undefined;
  let breaks = 0;
  let climbMs = FIRST_CLIMB_MS;
  /** The stream is tried again from then on. */
  let climbAt = 0;

  function reset(): void {
    breaks = 0;
    climbMs = FIRST_CLIMB_MS;
    climbAt = 0;
  }

  return {
    transport: (now) => forced ?? (now < climbAt ? 'poll' : 'stream'),
    note(transport, why, isLasting, now) {
      if (isLasting) return transport === 'stream' ? reset() : undefined;
      if (why !== 'broken' && why !== 'blocked') return;
      breaks++;
      if (why !== 'blocked' && breaks % PATIENCE !== 0) return;
      // One that is silent will be so the next time. From looks that fail it goes back up: what works may have changed.
      climbAt = transport === 'stream' ? now + climbMs : 0;
      climbMs = Math.min(LAST_CLIMB_MS, climbMs * 2);
    },
    reset,
  };
}
