// Names the raw messages: "the n-th message after marker E" is the same message for every server, because Redis
// delivers a channel in one order to all. Decides only; the connection is subscriber.ts.
//
//   what Redis delivers, to all:   m1   <marker 100>   m2      m3      <marker 200>   m4
//   server A, there for long:                          100/1   100/2                  200/1
//   server B, which set 200:                           (counted, and left to A)       200/1
//
// Both record m4 as 200/1, and the script takes it once. B can't name m2: it doesn't know how far A has counted.
//
// In a cluster each node delivers in an order of its own, and a marker is heard on all of them: it bears the id of the node
// on which it was set, and counts only there.
import { parseMessage } from '../runs/message.ts';
import type { Recording } from '../runs/recording.ts';
import type { Tally } from './tally.ts';

export interface Listener {
  /**
   * A new connection, to this node ('' but in a cluster): nothing is recorded until the marker with this token is heard on
   * it.
   */
  attach(token: string, node?: string): void;
  /** That connection is gone: nothing is recorded, unless another has been attached since. */
  detach(token: string): void;
  onMarker(text: string): void;
  onMessage(text: string): void;
  /** The own marker has been heard on this connection. */
  isAttached(): boolean;
  /** The newest epoch heard, of any server. The next marker must be newer. */
  newestEpoch(): number;
}

const MARKER = /^(\d{1,16}) ([^\s@]+)(?:@(\S+))?$/;
/** In microseconds: the year 2096. Beyond it there is no room for newer ones. */
const MAX_EPOCH = 4e15;
const FAULT_SAMPLE = 200;

export interface ListenerOptions {
  push(recording: Recording): void;
  /** A marker was heard: from now on another server may record what comes. What was heard before goes first. */
  onNewEpoch(): void;
  /** Somebody hears the raw channel on another node, and records what comes. So this server must not go on as it did. */
  onOtherNode?(): void;
  tally: Tally;
}

export function createListener({ push, onNewEpoch, onOtherNode, tally }: ListenerOptions): Listener {
  let token = '';
  let attached = false;
  let node = '';
  /** The newest that was set on any node, and the one from which is counted here. */
  let newest = 0;
  let epoch = 0;
  let n = 0;

  return {
    attach: (newToken, newNode = '') => {
      token = newToken;
      node = newNode;
      attached = false;
    },
    detach: (oldToken) => {
      if (oldToken !== token) return;
      token = '';
      attached = false;
    },
    onMarker: (text) => {
      const marker = MARKER.exec(text);
      if (!marker || Number(marker[1]) >= MAX_EPOCH)
        return tally.count('bad-marker', () => text.slice(0, FAULT_SAMPLE));
      newest = Math.max(newest, Number(marker[1]));
      if ((marker[3] ?? '') !== node) {
        if (!attached) return;
        attached = false;
        return onOtherNode?.();
      }
      if (Number(marker[1]) > epoch) {
        epoch = Number(marker[1]);
        n = 0;
        onNewEpoch();
      }
      if (marker[2] === token) attached = true;
    },
    onMessage: (text) => {
      // Counted before it is read, so that servers of different versions agree.
      n++;
      if (!attached) return tally.count('before-marker');
      const message = parseMessage(text);
      if (!message.ok) return tally.count(message.fault, () => text.slice(0, FAULT_SAMPLE));
      for (const { field, problem } of message.bad)
        tally.count(`bad-${field}`, () => `${message.runId}: ${field} ${problem}`);
      push({ runId: message.runId, update: message.update, name: { source: String(epoch), n } });
    },
    isAttached: () => attached,
    newestEpoch: () => newest,
  };
}
