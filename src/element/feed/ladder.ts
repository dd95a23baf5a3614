// Which transport comes next: streams first, WebSocket where streams don't get through, polling where nothing else
// does. Pure; the connection carries it out.
import type { TransportName } from '../connection-status.ts';
import type { Ending } from './transport.ts';

const RUNGS: readonly TransportName[] = ['sse', 'websocket', 'poll'];
/** Refusals and breaks before other ways are tried: mostly it is the server that is away. */
const PATIENCE = 3;
/** A connection that held this long has worked; one that breaks sooner counts as a failure. */
const HELD_MS = 5_000;
const FIRST_CLIMB_MS = 5_000;
const LAST_CLIMB_MS = 300_000;

export interface Ladder {
  readonly transport: TransportName;
  readonly isForced: boolean;
  /** In a row, since something last worked. */
  readonly failures: number;
  /** How long to wait before trying the stream again from a lower rung. */
  readonly climbMs: number;
}

export function startLadder(wanted: TransportName | 'auto' = 'auto'): Ladder {
  // Whatever else a page or a framework says, null for an attribute that was taken away, is no wish.
  const forced = RUNGS.find((rung) => rung === wanted);
  return { transport: forced ?? 'sse', isForced: forced !== undefined, failures: 0, climbMs: FIRST_CLIMB_MS };
}

/** After an attempt that ended. `liveMs`: how long something got through, 0 when nothing did. */
export function afterAttempt(ladder: Ladder, { why }: Ending, liveMs: number): Ladder {
  if (liveMs >= HELD_MS) return { ...ladder, failures: 0 };
  const failures = ladder.failures + 1;
  // Opened and yet silent: something in between holds everything back, and will do so the next time.
  const isHopeless = why === 'blocked' || failures >= PATIENCE;
  // From the lowest rung back to the top: which one works may have changed meanwhile.
  const below = RUNGS[(RUNGS.indexOf(ladder.transport) + 1) % RUNGS.length] ?? 'sse';
  return { ...ladder, failures, transport: isHopeless && !ladder.isForced ? below : ladder.transport };
}

/** A try to climb came to nothing: the next one later. */
export function afterClimb(ladder: Ladder): Ladder {
  return { ...ladder, climbMs: Math.min(LAST_CLIMB_MS, ladder.climbMs * 2) };
}

export function canClimb({ isForced, transport }: Ladder): boolean {
  return !isForced && transport !== 'sse';
}
