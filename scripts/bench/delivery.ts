// Waits until every reader has everything, or until nothing comes any more.
import { setTimeout as wait } from 'node:timers/promises';
import { nowUs } from './mark.ts';
import type { Tally } from './tally.ts';

const LOOK_MS = 20;
/** A doubled delivery comes after the last one that was missing. */
const LINGER_MS = 200;
const QUIET_MS = 5000;

export interface DeliveryOptions {
  /** So long without a delivery, and the rest counts as missing. */
  quietMs?: number;
  onLook(): void;
}

export async function untilDelivered(
  tally: Tally,
  { quietMs = QUIET_MS, onLook }: DeliveryOptions,
): Promise<void> {
  const startedUs = nowUs();
  while (tally.missing > 0) {
    if (nowUs() - Math.max(startedUs, tally.lastArrivalUs) > quietMs * 1000) return;
    await wait(LOOK_MS);
    onLook();
  }
  await wait(LINGER_MS);
}
