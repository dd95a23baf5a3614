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
// on which it was set, and counts only there. Who goes over from one node to another still records what the old one
// delivers, until the marker of the new one is heard there: at this point all stop. What the new one has delivered by then
// waits, as it may be the same.
import { parseMessage } from '../runs/message.ts';
import type { Recording } from '../runs/recording.ts';
import { createRecentTexts, type RecentTexts } from './recent-texts.ts';
import type { Tally } from './tally.ts';

export interface Listener {
  /**
   * A new connection, to this node ('' but in a cluster): nothing of it is recorded until the marker with this token is
   * heard on it. What comes from the node before is recorded until somebody's marker of this one is heard there.
   */
  attach(token: string, node?: string): void;
  /** That connection is gone: nothing of it is recorded. */
  detach(token: string): void;
  /** On the connection with this token. */
  onMarker(text: string, token: string): void;
  onMessage(text: string, token: string): void;
  /** The own marker has been heard on this connection. */
  isAttached(): boolean;
  /** The newest epoch heard, of any server. The next marker must be newer. */
  newestEpoch(): number;
}

const MARKER = /^(\d{1,16}) ([^\s@]+)(?:@(\S+))?$/;
/** In microseconds: the year 2096. Beyond it there is no room for newer ones. */
const MAX_EPOCH = 4e15;
const FAULT_SAMPLE = 200;
/** Of one node, while another still counts. */
const MOST_HELD_CHARACTERS = 32 * 1024 * 1024;

export interface ListenerOptions {
  push(recording: Recording): void;
  /** A marker was heard: from now on another server may record what comes. What was heard before goes first. */
  onNewEpoch(): void;
  /** Somebody hears the raw channel on another node, and records what comes. So this server must not go on as it did. */
  onOtherNode?(): void;
  tally: Tally;
  /** Ms, monotonic. */
  now?(): number;
}

export function createListener(options: ListenerOptions): Listener {
  const { push, onNewEpoch, onOtherNode, tally, now } = options;
  /** The newest that was set on any node. */
  let newest = 0;
  let here = createStream('', '', now);
  /** Of the node before, as long as it counts. */
  let former: Stream | null = null;
  /** What was recorded from the nodes before: where the slot goes on at once, from two. */
  let elsewhere: readonly RecentTexts[] = [];
  /** From here, while the node before counts. */
  let held: Named[] = [];
  let heldCharacters = 0;

  const streamOf = (token: string) => (token === here.token ? here : token === former?.token ? former : null);

  function endFormer() {
    former = null;
    const all = held;
    held = [];
    heldCharacters = 0;
    for (const named of all) recordFromHere(named);
  }

  function hold(named: Named) {
    held.push(named);
    heldCharacters += named.text.length;
    if (heldCharacters > MOST_HELD_CHARACTERS) endFormer();
  }

  function recordFromHere(named: Named) {
    if (elsewhere.some((texts) => texts.take(named.text))) return tally.count('heard-before');
    record(named, here);
  }

  function record({ text, name }: Named, { node, texts }: Stream) {
    const message = parseMessage(text);
    if (!message.ok) return tally.count(message.fault, () => text.slice(0, FAULT_SAMPLE));
    if (node !== '') texts.add(text);
    for (const { field, problem } of message.bad)
      tally.count(`bad-${field}`, () => `${message.runId}: ${field} ${problem}`);
    push({ runId: message.runId, update: message.update, name });
  }

  return {
    attach: (token, node = '') => {
      if (node === here.node) {
        here.token = token;
        here.isAttached = false;
        return;
      }
      if (former) endFormer();
      if (here.isAttached) former = here;
      elsewhere = [here.texts, ...elsewhere].slice(0, 2);
      here = createStream(token, node, now);
    },
    detach: (token) => {
      if (token === former?.token) return endFormer();
      if (token !== here.token) return;
      here.token = '';
      here.isAttached = false;
    },
    onMarker: (text, token) => {
      const marker = MARKER.exec(text);
      if (!marker || Number(marker[1]) >= MAX_EPOCH)
        return tally.count('bad-marker', () => text.slice(0, FAULT_SAMPLE));
      newest = Math.max(newest, Number(marker[1]));
      const stream = streamOf(token);
      if (!stream) return;
      if ((marker[3] ?? '') !== stream.node) {
        if (!stream.isAttached) return;
        stream.isAttached = false;
        return stream === former ? endFormer() : onOtherNode?.();
      }
      if (Number(marker[1]) > stream.epoch) {
        stream.epoch = Number(marker[1]);
        stream.n = 0;
        onNewEpoch();
      }
      if (marker[2] !== stream.token) return;
      if (stream === here && !here.isAttached) for (const texts of elsewhere) texts.settle();
      stream.isAttached = true;
    },
    onMessage: (text, token) => {
      const stream = streamOf(token);
      if (!stream) return;
      // Counted before it is read, so that servers of different versions agree.
      stream.n++;
      if (!stream.isAttached) return tally.count('before-marker');
      const named = { text, name: { source: String(stream.epoch), n: stream.n } };
      if (stream === former) record(named, stream);
      else if (former) hold(named);
      else recordFromHere(named);
    },
    isAttached: () => here.isAttached,
    newestEpoch: () => newest,
  };
}

/** What one connection delivers. */
interface Stream {
  readonly node: string;
  /** Of the own marker. */
  token: string;
  /** The own marker has been heard. */
  isAttached: boolean;
  /** Of the newest marker heard here that was set on this node; and how many messages since. */
  epoch: number;
  n: number;
  /** Recorded from here. */
  readonly texts: RecentTexts;
}

function createStream(token: string, node: string, now?: () => number): Stream {
  return { token, node, isAttached: false, epoch: 0, n: 0, texts: createRecentTexts(now) };
}

interface Named {
  text: string;
  name: Recording['name'];
}
