// The promises that `publish` returns: who waits for which update, and for how long.

export interface Receipts {
  /**
   * Whether the run's update at this place is recorded: fulfilled when it is settled, with false after `timeoutMs`. Places
   * count up. Updates of a run in one turn of the event loop share a promise, that of the last: a loop that publishes
   * without end makes one.
   */
  expect(runId: string, place: number, timeoutMs: number): Promise<boolean>;
  /** What became of the update at this place. What is before it in its run was settled before, or joined to it. */
  settle(runId: string, place: number, isRecorded: boolean): void;
}

interface Receipt {
  place: number;
  readonly timeoutMs: number;
  readonly promise: Promise<boolean>;
  resolve(isRecorded: boolean): void;
}

export function createReceipts(): Receipts {
  const waiting = new Map<string, Set<Receipt>>();
  const ofThisTurn = new Map<string, Receipt>();

  function create(runId: string, place: number, timeoutMs: number): Receipt {
    const receipts = waiting.get(runId) ?? new Set();
    waiting.set(runId, receipts);
    let fulfil = (_isRecorded: boolean) => {};
    const promise = new Promise<boolean>((resolve) => {
      fulfil = resolve;
    });
    const resolve = (isRecorded: boolean) => {
      clearTimeout(timer);
      receipts.delete(receipt);
      if (receipts.size === 0 && waiting.get(runId) === receipts) waiting.delete(runId);
      fulfil(isRecorded);
    };
    const timer = setTimeout(resolve, timeoutMs, false);
    const receipt = { place, timeoutMs, promise, resolve };
    receipts.add(receipt);
    return receipt;
  }

  return {
    expect: (runId, place, timeoutMs) => {
      if (ofThisTurn.size === 0) queueMicrotask(() => ofThisTurn.clear());
      const shared = ofThisTurn.get(runId);
      const receipt = shared?.timeoutMs === timeoutMs ? shared : create(runId, place, timeoutMs);
      receipt.place = place;
      ofThisTurn.set(runId, receipt);
      return receipt.promise;
    },
    settle: (runId, place, isRecorded) => {
      for (const receipt of waiting.get(runId) ?? []) {
        if (receipt.place > place) return;
        receipt.resolve(isRecorded);
      }
    },
  };
}
