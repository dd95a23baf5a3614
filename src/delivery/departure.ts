// The end of an open connection, and what is told of its reader then: for the log and the metrics.
import type { Cursor } from '../runs/cursor.ts';

export const ENDINGS = [
  'the client left',
  'the run is done',
  'answered',
  'nothing came',
  'it took nothing',
  'it did not answer pings',
  'it broke the protocol',
  'its token expired',
  'the service shuts down',
] as const;
export type Ending = (typeof ENDINGS)[number];

export interface Departure {
  /** How many it was handed. */
  events: number;
  /** What it had of each of its runs, in the order in which it asked for them. Empty if it was sent away before. */
  cursors: readonly Cursor[];
  ending: Ending;
}

/** The delivery side of an open connection. */
export interface Served {
  /** Its token has expired: says so, and closes. */
  expire(): void;
  /** The connection has closed: stops reading. To be called once. */
  leave(): Departure;
}
