// Which transport comes next: streams first, WebSocket where streams don't get through, polling where nothing else
// does. Pure; the connection carries it out.
import type { TransportName } from '../connection-status.ts';
import type { Ending } from './transport.ts';

const RUNGS: readonly TransportName[] = ['sse', 'websocket', 'poll'];
/** Refusals and breaks on the upper rung before the lower ones are tried: mostly it is the server that is away. */
const PATIENCE = 3;
/** A connection that held this long has worked; one that breaks sooner counts as a failure. */
const HELD_MS = 5_000;
const FIRST_CLIMB_MS = 5_000;
const LAST_CLIMB_MS = 300_000;

export interface Ladder {
  readonly transport: TransportName;
  readonly isForced: boolean;
  /** In a row, since something last worked; for the back-off. */
  readonly failures: number;
  /** The same on this rung alone. */
  readonly here: number;
  /** How long to wait before trying the stream again from a lower rung. */
  readonly climbMs: number;
}

export function startLadder(forced?: TransportName): Ladder {
  return {
    transport: forced ?? 'sse',
    isForced: forced !== undefined,
    failures: 0,
    here: 0,
    climbMs: FIRST_CLIMB_MS,
  };
}

/** After an attempt that ended. `liveMs`: how long something got through, 0 when nothing did. */
export function afterAttempt(ladder: Ladder, ending: Ending, liveMs: number): Ladder {
  if (liveMs >= HELD_MS) return { ...ladder, failures: 0, here: 0 };
  const failed: Ladder = { ...ladder, failures: ladder.failures + 1, here: ladder.here + 1 };
  if (ladder.isForced) return failed;
  // Opened and yet silent: something in between holds everything back, and will do so the next time.
  const patience = ladder.transport === 'sse' && ending.why !== 'blocked' ? PATIENCE : 1;
  return failed.here < patience ? failed : { ...failed, transport: below(ladder.transport), here: 0 };
}

/** A try to climb came to nothing: the next one later. */
export function afterClimb(ladder: Ladder): Ladder {
  return { ...ladder, climbMs: Math.min(LAST_CLIMB_MS, ladder.climbMs * 2) };
}

export function canClimb(ladder: Ladder): boolean {
  return !ladder.isForced && ladder.transport !== 'sse';
}

/** From the lowest rung back to the top: which one works may have changed meanwhile. */
function below(transport: TransportName): TransportName {
  return RUNGS[(RUNGS.indexOf(transport) + 1) % RUNGS.length] ?? 'sse';
}
