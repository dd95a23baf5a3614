// Names the raw messages: "the n-th message after marker E" is the same message for every server, because Redis
// delivers a channel in one order to all. Decides only; the connection is subscriber.ts.
//
//   what Redis delivers, to all:   m1   <marker 100>   m2      m3      <marker 200>   m4
//   server A, there for long:                          100/1   100/2                  200/1
//   server B, which set 200:                           (counted, and left to A)       200/1
//
// Both record m4 as 200/1, and the script takes it once. B can't name m2: it doesn't know how far A has counted.
import { parseMessage } from '../runs/message.ts';
import type { Recording } from '../runs/record.ts';
import type { Tally } from './tally.ts';

export interface Listener {
  /** A connection begins: nothing is recorded before the marker with this token is heard on it. */
  attach(token: string): void;
  onMarker(text: string): void;
  onMessage(text: string): void;
  /** The own marker has been heard on this connection. */
  isAttached(): boolean;
  /** The newest epoch heard, whoever's; the next marker must be newer. */
  newestEpoch(): number;
}

const MARKER = /^(\d{1,16}) (\S+)$/;
/** In microseconds: the year 2096. Beyond it there is no room for newer ones. */
const MAX_EPOCH = 4e15;
const FAULT_SAMPLE = 200;

export interface ListenerOptions {
  push(recording: Recording): void;
  /** A marker was heard: from now on another server may record what comes. What was heard before goes first. */
  onNewEpoch(): void;
  tally: Tally;
}

export function createListener({ push, onNewEpoch, tally }: ListenerOptions): Listener {
  let token = '';
  let attached = false;
  let epoch = 0;
  let n = 0;

  return {
    attach: (newToken) => {
      token = newToken;
      attached = false;
    },
    onMarker: (text) => {
      const marker = MARKER.exec(text);
      if (!marker || Number(marker[1]) >= MAX_EPOCH)
        return tally.count('bad-marker', () => text.slice(0, FAULT_SAMPLE));
      if (Number(marker[1]) > epoch) {
        epoch = Number(marker[1]);
        n = 0;
        onNewEpoch();
      }
      if (marker[2] === token) attached = true;
    },
    onMessage: (text) => {
      // Counted before anything is looked at, so that servers of different versions agree.
      n++;
      if (!attached) return tally.count('before-marker');
      const message = parseMessage(text);
      if (!message.ok) return tally.count(message.fault, () => text.slice(0, FAULT_SAMPLE));
      for (const { field, problem } of message.bad)
        tally.count(`bad-${field}`, () => `${message.runId}: ${field} ${problem}`);
      push({ runId: message.runId, update: message.update, name: { source: String(epoch), n } });
    },
    isAttached: () => attached,
    newestEpoch: () => epoch,
  };
}
