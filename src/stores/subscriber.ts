// The subscriber connection to a node: the channels of the open runs, and where the node has the marker's key the raw
// channel. It subscribes again by its own hand whenever the connection is new, markers first.
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { channelOf, keyOf, markerKeyOf } from '../runs/settings.ts';
import type { ConnectionListener } from '../runs/store.ts';
import type { Nodes } from './nodes.ts';
import type { Listener } from './raw-listener.ts';
import { createRawSubscription } from './raw-subscription.ts';
import { reasonOf } from './redis-client.ts';
import type { RedisNode } from './redis-node.ts';
import { createReminder } from './reminder.ts';

const PING_MS = 5000;
const RETRY_MS = 1000;
const RAW_TIMEOUT_MS = 15_000;

export interface SubscriberOptions {
  client: Redis;
  /** That `client` leads to. */
  node: RedisNode;
  nodes: Nodes;
  rawChannel: string;
  keyPrefix: string;
  listener: Listener;
  onConnection: ConnectionListener;
  log: Logger;
}

interface Follower {
  runId: string;
  onEntries(entries: readonly string[]): void;
  /** Redis has acknowledged the subscription. */
  isHeard: boolean;
}

export interface Subscriber {
  follow(runId: string, onEntries: Follower['onEntries']): Promise<void>;
  unfollow(runId: string): void;
  /** The nodes have changed: the marker's key may have come to this one, or gone. */
  rehome(): void;
  /** The own marker can't be relied on any more: sets another, if the marker's key is still here. */
  markAgain(): void;
  /** On which something has to be heard now, by their names for people. */
  connections(): ReadonlyMap<string, Redis>;
  /** Why announcements or raw messages aren't heard on these; null when they are, as far as they answer. */
  problem(): string | null;
  /** The node goes: closes, but for the raw channel, which is still heard for a while. */
  leave(onLeft: () => void): void;
  close(): void;
}

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { client, node, nodes, keyPrefix, onConnection, log } = options;
  const isSharded = node.id !== '';
  // When the last sharded subscription of a connection ends, ioredis forgets that there are others, and the other way round:
  // so each kind has a connection in a cluster.
  const rawClient = isSharded ? node.connect('run-progress-raw', RAW_TIMEOUT_MS) : client;
  const raw = createRawSubscription({ ...options, client: rawClient });
  const isHome = () => nodes.of(markerKeyOf(keyPrefix)) === node;
  const isAsked = () => nodes.of(keyOf(keyPrefix, '')) === node;
  const channelFor = (runId: string) => channelOf(keyPrefix, nodes.database, runId);
  let followers = new Map<string, Follower>();
  let isAttached = false;
  /** Whether this node has been asked for the channel of no run. */
  let hasTried = false;
  let followRefusal: string | null = null;
  const followReminder = createReminder();
  let followRetry: NodeJS.Timeout | undefined;
  let movedSoon: NodeJS.Immediate | undefined;

  client.on('ready', attach).on('close', lose).on('smessage', hear).on('moved', onMoved);
  rawClient.on('message', hear);
  if (isSharded) rawClient.on('ready', rehome).on('close', raw.lose);
  // A half-open connection makes no error by itself: an unanswered PING does (socketTimeout).
  const pinger = setInterval(() => {
    for (const each of new Set([client, rawClient]))
      if (each.status === 'ready') each.ping().catch(logged('PING'));
  }, PING_MS).unref();

  function hear(channel: string, text: string) {
    const hearRaw = raw.handlers.get(channel);
    if (hearRaw) hearRaw(text);
    else followers.get(channel)?.onEntries(text.split('\n'));
  }

  function lose() {
    forgetTry();
    clearImmediate(movedSoon);
    movedSoon = undefined;
    const lost = new Set([...followers.values()].map(({ runId }) => runId));
    followers = new Map();
    isAttached = false;
    if (!isSharded) raw.lose();
    onConnection('lost', (runId) => lost.has(runId));
  }

  /** The first commands of every connection. The runs' channels are followed even if the raw channel is refused. */
  async function attach() {
    if (!nodes.isKnown) return;
    isAttached = true;
    if (!isSharded && isHome()) await raw.hear();
    await tryToFollow();
    if (client.status === 'ready') onConnection('back', () => true);
  }

  /** Where the connection is new, or the slot of the marker's key or of no run has come to this node, or gone. */
  function rehome() {
    if (client.status === 'ready' && !isAttached) void attach();
    else if (isAttached && isAsked() !== hasTried) void tryToFollow();
    if (rawClient.status !== 'ready' || (!isSharded && !isAttached)) return;
    if (isHome() === raw.isWanted()) return;
    if (isHome()) void raw.hear();
    else raw.leave();
  }

  function forgetTry() {
    clearTimeout(followRetry);
    hasTried = false;
    followRefusal = null;
  }

  /** The channel of no run, as no run_id is empty: a user that may not follow runs is found out before a reader comes. */
  async function tryToFollow() {
    // What another node has to say counts, when the slot has gone to it.
    if (!isAsked()) return forgetTry();
    hasTried = true;
    try {
      await subscribe(channelFor(''));
      followRefusal = null;
      followReminder.end();
    } catch (error) {
      // The connection broke, and the next one begins anew; or another node has the slot now.
      if (client.status !== 'ready' || !isAsked()) return;
      const reason = reasonOf(error);
      if (followReminder.isDue(reason))
        log.error({ reason }, 'Redis refuses the channels of runs: readers hear nothing; trying on');
      followRefusal = reason;
      nodes.doubt(node, reason);
      clearTimeout(followRetry);
      followRetry = setTimeout(tryToFollow, RETRY_MS).unref();
    }
  }

  function subscribe(channel: string): Promise<unknown> {
    return isSharded ? client.ssubscribe(channel) : client.subscribe(channel);
  }

  function unsubscribe(channel: string): Promise<unknown> {
    return isSharded ? client.sunsubscribe(channel) : client.unsubscribe(channel);
  }

  /** Redis has ended subscriptions, as their slots went to another node. Said for each of them, and mostly many go together. */
  function onMoved() {
    movedSoon ??= setImmediate(dropMoved);
  }

  /** From now on these runs miss what is announced, and must not be thought to be in step. Where they are now is asked. */
  async function dropMoved() {
    movedSoon = undefined;
    // ioredis doesn't say which have ended, but knows which are left.
    const left = new Set(
      client.condition?.subscriber ? client.condition.subscriber.channels('ssubscribe') : [],
    );
    const moved = new Set<string>();
    for (const [channel, { runId, isHeard }] of followers) {
      if (!isHeard || left.has(channel)) continue;
      followers.delete(channel);
      moved.add(runId);
    }
    if (moved.size === 0) return;
    const isMoved = (runId: string) => moved.has(runId);
    onConnection('lost', isMoved);
    await nodes.lookAgain();
    onConnection('back', isMoved);
  }

  function closeFollowing() {
    clearInterval(pinger);
    client.off('ready', attach).off('close', lose).off('smessage', hear).off('moved', onMoved);
    rawClient.off('ready', rehome);
    lose();
    client.disconnect();
  }

  function closeRaw() {
    rawClient.off('message', hear).off('close', raw.lose);
    rawClient.disconnect();
  }

  function logged(command: string) {
    return (error: unknown) => log.debug({ command, reason: reasonOf(error) }, 'subscriber command failed');
  }

  return {
    follow: async (runId, onEntries) => {
      const channel = channelFor(runId);
      const follower = { runId, onEntries, isHeard: false };
      followers.set(channel, follower);
      await subscribe(channel).catch((error: unknown) => {
        if (followers.get(channel) === follower) followers.delete(channel);
        nodes.doubt(node, reasonOf(error));
        throw error;
      });
      follower.isHeard = true;
    },
    unfollow: (runId) => {
      const channel = channelFor(runId);
      if (followers.delete(channel) && client.status === 'ready')
        unsubscribe(channel).catch(logged('UNSUBSCRIBE'));
    },
    rehome,
    markAgain: () => {
      if (rawClient.status === 'ready' && isHome()) void raw.hear();
    },
    connections: () => {
      const all = new Map([['subscriber connection', client]]);
      if (isSharded && isHome()) all.set('connection for raw messages', rawClient);
      return all;
    },
    problem: () => {
      const problem = isHome() ? raw.problem() : null;
      return problem ?? (followRefusal && `Redis refuses the channels of runs: ${followRefusal}`);
    },
    leave: (onLeft) => {
      closeFollowing();
      raw.leave(() => {
        closeRaw();
        onLeft();
      });
    },
    close: () => {
      closeFollowing();
      raw.lose();
      closeRaw();
    },
  };
}
