// The raw channel and its markers on a subscriber connection: subscribes, sets the own marker, and tries on where Redis
// refuses.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { channelPrefix, markerChannelOf, markerKeyOf } from '../runs/settings.ts';
import type { Nodes } from './nodes.ts';
import type { Listener } from './raw-listener.ts';
import { reasonOf } from './redis-client.ts';
import type { RedisNode } from './redis-node.ts';
import { createReminder } from './reminder.ts';

const MARKER_SCRIPT = readFileSync(new URL('./marker.lua', import.meta.url), 'utf8');

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 1000;
/** How long a node that was left is heard: the next one has been connected by then, and its marker has come to this one. */
const LINGER_MS = 1000;

export interface RawSubscriptionOptions {
  client: Redis;
  /** That `client` leads to. Where RESP2 refuses EVAL on a subscribed connection, the marker goes by its command connection. */
  node: RedisNode;
  nodes: Pick<Nodes, 'database' | 'lookAgain'>;
  rawChannel: string;
  keyPrefix: string;
  listener: Listener;
  log: Logger;
}

export interface RawSubscription {
  /** By channel: of both from `hear` until a while after `leave`, or until `lose`, and else of none. Redis may refuse them. */
  readonly handlers: ReadonlyMap<string, (text: string) => void>;
  /** The connection's first commands, or again when the own marker can't be relied on any more. */
  hear(): Promise<void>;
  /** Between `hear` and `leave` or `lose`. */
  isWanted(): boolean;
  /** Another node is heard from now on, or will be. In a cluster this one is still heard for a while. See raw-listener.ts. */
  leave(onLeft?: () => void): void;
  /** The connection is gone. */
  lose(): void;
  /** Why raw messages aren't heard; null when they are. */
  problem(): string | null;
}

export function createRawSubscription(options: RawSubscriptionOptions): RawSubscription {
  const { client, node, nodes, rawChannel, keyPrefix, listener, log } = options;
  const markerKey = markerKeyOf(keyPrefix);
  const markerChannel = markerChannelOf(keyPrefix, nodes.database);
  const handlers = new Map<string, (text: string) => void>();
  /** Of the own marker; '' before `hear`, and when it has ended. */
  let id = '';
  let isMarked = false;
  let refusal: string | null = null;
  const reminder = createReminder();
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let lingering: NodeJS.Timeout | undefined;
  let onLeft = () => {};
  let warnedOfResp2 = false;

  async function hear() {
    stopTimers();
    const own = randomBytes(8).toString('base64url');
    id = own;
    isMarked = false;
    handlers
      .set(rawChannel, (text) => listener.onMessage(text, own))
      .set(markerChannel, (text) => listener.onMarker(text, own));
    // Else this server has left the node meanwhile, or begun anew: the listener may hear another connection already.
    const isCurrent = () => id === own;
    const token = node.id === '' ? own : `${own}@${node.id}`;
    try {
      // A refused SUBSCRIBE would still let the marker through, and others would count from it.
      if (refusal) await client.subscribe(rawChannel, markerChannel);
      if (!isCurrent()) return;
      listener.attach(own, node.id);
      const [subscribed, marked] = await subscribeAndMark(token);
      if (!isCurrent()) return;
      if (subscribed) throw subscribed;
      if (marked) await markByOtherConnection(marked, token);
      if (!isCurrent()) return;
      refusal = null;
      isMarked = true;
      retryMs = FIRST_RETRY_MS;
      reminder.end();
    } catch (error) {
      // Or the connection broke, and the next one begins anew.
      if (client.status !== 'ready' || !isCurrent()) return;
      const reason = reasonOf(error);
      listener.detach(own);
      void nodes.lookAgain();
      if (reminder.isDue(reason))
        log.error({ reason, channel: rawChannel }, 'Redis refuses the raw channel or its marker; trying on');
      refusal = reason;
      retry = setTimeout(hear, retryMs).unref();
      retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
    }
  }

  /**
   * In one write, under 1,200 bytes, so that Redis reads both together and lets no message between. The script goes
   * whole: a NOSCRIPT would open that window. Resolves with the error of each.
   */
  async function subscribeAndMark(token: string): Promise<(Error | null)[]> {
    const results = await client
      .pipeline()
      .subscribe(rawChannel, markerChannel)
      .eval(MARKER_SCRIPT, 1, markerKey, ...markerArguments(token))
      .exec();
    return results?.map(([error]) => error) ?? [];
  }

  async function markByOtherConnection(error: Error, token: string) {
    // `mode` is 'subscriber' where ioredis fell back to RESP2.
    if (client.mode !== 'subscriber') throw error;
    if (!warnedOfResp2)
      log.warn(
        'Redis speaks RESP2 only: a raw message sent just while a server connects may be missed by it',
      );
    warnedOfResp2 = true;
    await node.commands.eval(MARKER_SCRIPT, 1, markerKey, ...markerArguments(token));
  }

  function markerArguments(token: string) {
    return [listener.newestEpoch(), token, channelPrefix(nodes.database)];
  }

  function stopTimers() {
    clearTimeout(retry);
    clearTimeout(lingering);
    lingering = undefined;
  }

  function lose() {
    stopTimers();
    // Until the next own marker nothing counts as heard.
    listener.detach(id);
    handlers.clear();
    id = '';
    isMarked = false;
    onLeft();
    onLeft = () => {};
  }

  function end() {
    client.unsubscribe(rawChannel, markerChannel).catch((error: unknown) => {
      log.debug({ reason: reasonOf(error) }, 'UNSUBSCRIBE failed: what still comes is not recorded');
    });
    lose();
  }

  return {
    handlers,
    hear,
    isWanted: () => id !== '' && lingering === undefined,
    lose,
    leave: (then = () => {}) => {
      onLeft = then;
      if (id === '' || client.status !== 'ready') return lose();
      // Where no marker of this server counts it records nothing either.
      if (node.id === '' || !isMarked) return end();
      stopTimers();
      lingering = setTimeout(end, LINGER_MS).unref();
    },
    problem: () => {
      if (refusal) return `Redis refuses the raw channel: ${refusal}`;
      return listener.isAttached() ? null : 'the own marker has not been heard yet';
    },
  };
}
