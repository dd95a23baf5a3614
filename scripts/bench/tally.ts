// Every delivery of a turn, checked and timed: each reader must get each update once, in order. No I/O.

export interface Tally {
  /** Both times by one clock. */
  record(reader: number, sequence: number, sentUs: number, arrivedUs: number): void;
  readonly expected: number;
  /** Without the doubled ones. */
  readonly delivered: number;
  readonly missing: number;
  /** Came again, or lies before the cursor: the reader had it. */
  readonly doubled: number;
  /** Came after a later one. */
  readonly outOfOrder: number;
  /** When the newest delivery came; 0 before the first. */
  readonly lastArrivalUs: number;
  /** Null before the first delivery. `fraction` in [0, 1]. */
  latencyMs(fraction: number): number | null;
}

export interface TallyOptions {
  readers: number;
  /** Expected are `updates` of them, from the sequence number `first` on (default: 0). */
  updates: number;
  first?: number;
}

export function createTally({ readers, updates, first = 0 }: TallyOptions): Tally {
  const expected = readers * updates;
  const isDelivered = new Uint8Array(expected);
  const newest = new Int32Array(readers).fill(-1);
  const latencies = new Float64Array(expected);
  let delivered = 0;
  let doubled = 0;
  let outOfOrder = 0;
  let lastArrivalUs = 0;
  return {
    record: (reader, sequence, sentUs, arrivedUs) => {
      const update = sequence - first;
      const place = reader * updates + update;
      if (update < 0 || update >= updates || isDelivered[place]) {
        doubled++;
        return;
      }
      isDelivered[place] = 1;
      latencies[delivered++] = arrivedUs - sentUs;
      lastArrivalUs = arrivedUs;
      if (update < (newest[reader] ?? -1)) outOfOrder++;
      else newest[reader] = update;
    },
    expected,
    get delivered() {
      return delivered;
    },
    get missing() {
      return expected - delivered;
    },
    get doubled() {
      return doubled;
    },
    get outOfOrder() {
      return outOfOrder;
    },
    get lastArrivalUs() {
      return lastArrivalUs;
    },
    latencyMs: (fraction) => {
      const sorted = latencies.slice(0, delivered).sort();
      const latencyUs = sorted[Math.min(delivered - 1, Math.floor(fraction * delivered))];
      return latencyUs === undefined ? null : latencyUs / 1000;
    },
  };
}
