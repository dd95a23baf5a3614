// The subscriber connection: the raw channel with its markers, and the channels of the open runs. It subscribes again
// by its own hand whenever the connection is new, markers first.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { channelOf, channelPrefix, markerChannelOf, markerKeyOf } from '../runs/settings.ts';
import type { ConnectionListener } from '../runs/store.ts';
import type { Listener } from './listener.ts';
import { reasonOf } from './redis-client.ts';
import { createReminder } from './reminder.ts';

const MARKER_SCRIPT = readFileSync(new URL('./marker.lua', import.meta.url), 'utf8');

const PING_MS = 5000;
const RETRY_MS = 1000;

export interface SubscriberOptions {
  client: Redis;
  /** The command connection: where RESP2 refuses EVAL on a subscribed one, the marker goes this way. */
  commands: Redis;
  database: number;
  rawChannel: string;
  keyPrefix: string;
  listener: Listener;
  onConnection: ConnectionListener;
  log: Logger;
}

interface Follower {
  runId: string;
  onAnnouncement(text: string): void;
}

export interface Subscriber {
  follow(runId: string, onAnnouncement: (text: string) => void): Promise<void>;
  unfollow(runId: string): void;
  /** Why raw messages aren't heard on the connection; null when they are. */
  problem(): string | null;
  close(): void;
}

export function createSubscriber(options: SubscriberOptions): Subscriber {
  const { client, commands, database, rawChannel, keyPrefix, listener, onConnection, log } = options;
  const markerKey = markerKeyOf(keyPrefix);
  const markerChannel = markerChannelOf(keyPrefix, database);
  const probeChannel = channelOf(keyPrefix, database, '');
  let followers = new Map<string, Follower>();
  let refusal: string | null = null;
  let followRefusal: string | null = null;
  const refusalReminder = createReminder();
  const followReminder = createReminder();
  let retry: NodeJS.Timeout | undefined;
  let followRetry: NodeJS.Timeout | undefined;
  let warnedOfResp2 = false;

  client.on('ready', attach);
  client.on('close', lose);
  client.on('message', hear);
  // A half-open connection makes no error by itself: an unanswered PING does (socketTimeout).
  const pinger = setInterval(() => {
    if (client.status === 'ready') client.ping().catch(logged('PING'));
  }, PING_MS).unref();

  function hear(channel: string, text: string) {
    if (channel === rawChannel) listener.onMessage(text);
    else if (channel === markerChannel) listener.onMarker(text);
    else followers.get(channel)?.onAnnouncement(text);
  }

  function lose() {
    clearTimeout(retry);
    clearTimeout(followRetry);
    const lost = new Set([...followers.values()].map(({ runId }) => runId));
    followers = new Map();
    // Until the next own marker nothing counts as heard.
    listener.attach('');
    onConnection('lost', (runId) => lost.has(runId));
  }

  /** The first commands of every connection. The runs' channels follow whether or not the raw channel is to be had. */
  async function attach() {
    await hearRawChannel();
    await tryToFollow();
    if (client.status === 'ready') onConnection('back', () => true);
  }

  /** The channel of no run, as no run_id is empty: a user that may not follow runs is found out before a reader comes. */
  async function tryToFollow() {
    try {
      await client.subscribe(probeChannel);
      followRefusal = null;
      followReminder.end();
    } catch (error) {
      if (client.status !== 'ready') return; // The connection broke: the next one begins anew.
      const reason = reasonOf(error);
      if (followReminder.isDue(reason))
        log.error({ reason }, 'Redis refuses the channels of runs: readers hear nothing; trying on');
      followRefusal = reason;
      followRetry = setTimeout(tryToFollow, RETRY_MS).unref();
    }
  }

  async function hearRawChannel() {
    const token = randomBytes(8).toString('base64url');
    try {
      // A refused SUBSCRIBE would still let the marker through, and others would count from it.
      if (refusal) await client.subscribe(rawChannel, markerChannel);
      listener.attach(token);
      const [subscribed, marked] = await subscribeAndMark(token);
      if (subscribed) throw subscribed;
      if (marked) await markByOtherConnection(marked, token);
      refusal = null;
      refusalReminder.end();
    } catch (error) {
      if (client.status !== 'ready') return; // The connection broke: the next one begins anew.
      const reason = reasonOf(error);
      listener.attach('');
      if (refusalReminder.isDue(reason))
        log.error({ reason, channel: rawChannel }, 'Redis refuses the raw channel or its marker; trying on');
      refusal = reason;
      retry = setTimeout(hearRawChannel, RETRY_MS).unref();
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
      .eval(MARKER_SCRIPT, 1, markerKey, listener.newestEpoch(), token, channelPrefix(database))
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
    await commands.eval(MARKER_SCRIPT, 1, markerKey, listener.newestEpoch(), token, channelPrefix(database));
  }

  function logged(command: string) {
    return (error: unknown) => log.debug({ command, reason: reasonOf(error) }, 'subscriber command failed');
  }

  return {
    follow: async (runId, onAnnouncement) => {
      const channel = channelOf(keyPrefix, database, runId);
      followers.set(channel, { runId, onAnnouncement });
      await client.subscribe(channel);
    },
    unfollow: (runId) => {
      const channel = channelOf(keyPrefix, database, runId);
      if (followers.delete(channel) && client.status === 'ready')
        client.unsubscribe(channel).catch(logged('UNSUBSCRIBE'));
    },
    problem: () => {
      if (refusal) return `Redis refuses the raw channel: ${refusal}`;
      if (followRefusal) return `Redis refuses the channels of runs: ${followRefusal}`;
      return listener.isAttached() ? null : 'the own marker has not been heard yet';
    },
    close: () => {
      clearTimeout(retry);
      clearTimeout(followRetry);
      clearInterval(pinger);
      client.off('ready', attach).off('close', lose).off('message', hear);
      lose();
      client.disconnect();
    },
  };
}
