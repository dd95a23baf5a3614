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

const RETRY_MS = 1000;

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
  /** By channel: of both between `hear` and `leave` or `lose`, whether or not Redis allows them, and else of none. */
  readonly handlers: ReadonlyMap<string, (text: string) => void>;
  /** The connection's first commands, or again when the own marker can't be relied on any more. */
  hear(): Promise<void>;
  leave(): void;
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
  /** Of the own marker; '' between `leave` or `lose` and `hear`. */
  let id = '';
  let refusal: string | null = null;
  const reminder = createReminder();
  let retry: NodeJS.Timeout | undefined;
  let warnedOfResp2 = false;

  async function hear() {
    clearTimeout(retry);
    handlers.set(rawChannel, listener.onMessage).set(markerChannel, listener.onMarker);
    const own = randomBytes(8).toString('base64url');
    id = own;
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
      retry = setTimeout(hear, RETRY_MS).unref();
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

  function lose() {
    clearTimeout(retry);
    // Until the next own marker nothing counts as heard.
    listener.detach(id);
    handlers.clear();
    id = '';
  }

  return {
    handlers,
    hear,
    lose,
    leave: () => {
      lose();
      client.unsubscribe(rawChannel, markerChannel).catch((error: unknown) => {
        log.debug({ reason: reasonOf(error) }, 'UNSUBSCRIBE failed: what still comes is not recorded');
      });
    },
    problem: () => {
      if (refusal) return `Redis refuses the raw channel: ${refusal}`;
      return listener.isAttached() ? null : 'the own marker has not been heard yet';
    },
  };
}
