// The store on Redis: a list per run, a script that records, and for each node a connection for commands and one for
// announcements.
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { keyOf, markerKeyOf, type Settings } from '../runs/settings.ts';
import type { ConnectionListener, Store, StoreStatus } from '../runs/store.ts';
import { connectionProblem } from './connection-problem.ts';
import { createHistoryReader } from './history-reader.ts';
import { createNodes } from './nodes.ts';
import { createOutbox } from './outbox.ts';
import { createListener } from './raw-listener.ts';
import { createRecordScript } from './record-call.ts';
import { createRecorder } from './recorder.ts';
import { recordingProblem, startWarnings } from './redis-checks.ts';
import { reasonOf } from './redis-client.ts';
import { createRedisClock } from './redis-clock.ts';
import { createLinkStates } from './redis-links.ts';
import type { RedisNode } from './redis-node.ts';
import { slotOf } from './slots.ts';
import { createSubscriber, type Subscriber } from './subscriber.ts';
import { createTally } from './tally.ts';

export interface RedisStoreOptions extends Settings {
  /** See redis-url.ts. */
  url: string;
  /** See `NodesOptions`. */
  cluster?: boolean | null;
  tlsInsecure: boolean;
  /** The channel on which workers publish raw messages. */
  rawChannel: string;
  /** What an operator should know of this Redis goes to the log: by one of several processes. */
  warnsAtStart?: boolean;
  log: Logger;
}

/** A node, and the connection on which it announces. */
interface Link {
  readonly node: RedisNode;
  readonly announcements: Redis;
  readonly subscriber: Subscriber;
}

/** Commands answer a request, so they fail fast; a subscriber may sit out a pause, and loses nothing by it. */
const COMMAND_TIMEOUT_MS = 5000;
const SUBSCRIBER_TIMEOUT_MS = 15_000;
/** Managed Redis closes command connections that are idle for minutes. */
const KEEP_ALIVE_MS = 30_000;
/** A node's runs don't all wait for each other either: a slot that is being moved holds up those near it. */
const SLOTS_IN_LANE = 256;

export function createRedisStore(options: RedisStoreOptions): Store {
  const { url, cluster, tlsInsecure, rawChannel, keyPrefix, log } = options;
  const historyKey = (runId: string) => keyOf(keyPrefix, runId);
  const nodes = createNodes({
    url,
    cluster,
    tlsInsecure,
    name: 'run-progress',
    answerTimeoutMs: COMMAND_TIMEOUT_MS,
    log,
  });
  const links = new Map<RedisNode, Link>();
  /** Of nodes that have gone: they still hear the raw channel for a while. */
  const leaving = new Set<Subscriber>();
  const linkStates = createLinkStates();
  const script = createRecordScript(nodes, options);
  const tally = createTally(log);
  const laneOf = (runId: string) => {
    if (!nodes.isCluster) return '';
    const key = historyKey(runId);
    return `${Math.floor(slotOf(key) / SLOTS_IN_LANE)} ${nodes.of(key)?.id ?? ''}`;
  };
  const outbox = createOutbox({ script, laneOf, tally });
  const listener = createListener({
    push: outbox.push,
    onNewEpoch: outbox.hurry,
    onOtherNode: () => void nodes.lookAgain().then(() => home()?.subscriber.markAgain()),
    tally,
  });
  const connectionListeners: ConnectionListener[] = [];
  const onConnection: ConnectionListener = (event, concerns) => {
    for (const notify of connectionListeners) notify(event, concerns);
  };
  const clock = createRedisClock({
    time: () => ask(markerKeyOf(keyPrefix), (commands) => commands.time()),
    onError: (error) =>
      log.debug({ reason: reasonOf(error) }, "TIME failed: pings go on by the clock's last answer"),
  });
  let hasWarned = options.warnsAtStart === false;

  nodes.onNode((node) => {
    const announcements = node.connect('run-progress-subscriber', SUBSCRIBER_TIMEOUT_MS);
    const { commands } = node;
    const subscriber = createSubscriber({
      ...{ client: announcements, node, nodes, rawChannel, keyPrefix, listener, onConnection, log },
    });
    links.set(node, { node, announcements, subscriber });
    const at = node.id === '' ? '' : ` ${node.address}`;
    const ends = [
      linkStates.watch(`commands${at}`, commands, node.id !== ''),
      linkStates.watch(`subscriber${at}`, announcements, node.id !== ''),
    ];
    return {
      onReady: () => {
        outbox.retryNow();
        void clock.ask();
        void warnAtStart(node);
        // What could not be read can be now.
        if (announcements.status === 'ready') onConnection('back', () => true);
      },
      onGone: () => {
        links.delete(node);
        leaving.add(subscriber);
        subscriber.leave(() => leaving.delete(subscriber));
        for (const end of ends) end();
      },
    };
  });
  nodes.onChange(() => {
    outbox.retryNow();
    for (const { subscriber } of links.values()) subscriber.rehome();
    // A run whose slot has moved can be followed where it is now.
    onConnection('back', (runId) => {
      const node = nodes.of(historyKey(runId));
      return node !== null && links.get(node)?.announcements.status === 'ready';
    });
  });
  const keepAlive = setInterval(() => {
    if (home()?.node.commands.status === 'ready') void clock.ask();
  }, KEEP_ALIVE_MS).unref();

  /** The node on which the raw channel is heard. */
  function home(): Link | undefined {
    const node = nodes.of(markerKeyOf(keyPrefix));
    return node ? links.get(node) : undefined;
  }

  function linkFor(key: string): Link {
    const node = nodes.of(key);
    const link = node && links.get(node);
    if (!link) throw new Error(nodes.problem() ?? 'no connection to Redis');
    return link;
  }

  async function ask<T>(key: string, question: (commands: Redis, key: string) => Promise<T>): Promise<T> {
    const { node } = linkFor(key);
    try {
      return await question(node.commands, key);
    } catch (error) {
      nodes.doubt(node, reasonOf(error));
      throw error;
    }
  }

  /** Why runs can't be read or recorded, by what Redis says and allows; null also where it says nothing. */
  async function rightsProblem(): Promise<string | null> {
    const key = historyKey('');
    const commands = nodes.of(key)?.commands;
    if (commands?.status !== 'ready') return null;
    const [read, ...infos] = await Promise.allSettled([
      commands.lrange(key, 0, 0).then(() => commands.lindex(key, -1)),
      ...nodes.all.map((node) => node.commands.info()),
    ]);
    if (read.status === 'rejected') return `Redis refuses to read runs: ${reasonOf(read.reason)}`;
    for (const info of infos) {
      // A user may do without INFO: what it would say then comes to light at the first update.
      const problem = info.status === 'fulfilled' && recordingProblem(info.value, keyPrefix, nodes.isCluster);
      if (problem) return problem;
    }
    return null;
  }

  async function warnAtStart({ commands }: RedisNode) {
    if (hasWarned) return;
    hasWarned = true;
    try {
      for (const warning of startWarnings(await commands.info())) log.warn(warning);
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'INFO is not to be had');
    }
    const reason = await rightsProblem();
    if (reason) log.error({ reason }, 'this Redis does not serve: see /readyz');
  }

  async function connectionsProblem(): Promise<string | null> {
    // A subscriber that is half open shows nothing by itself: it would count as hearing until its own PING times out.
    const problems = await Promise.all(
      [...links.values()].flatMap(({ node, subscriber }) => [
        connectionProblem(node.commands, 'connection', nodeName(node)),
        ...Array.from(subscriber.connections(), ([name, client]) =>
          connectionProblem(client, name, nodeName(node)),
        ),
      ]),
    );
    return problems.find((problem) => problem !== null) ?? null;
  }

  function subscribersProblem(): string | null {
    for (const { subscriber } of links.values()) {
      const problem = subscriber.problem();
      if (problem) return problem;
    }
    return null;
  }

  async function status(): Promise<StoreStatus> {
    // Not waited for: a Redis that does not answer is told below, sooner than this gives up.
    if (home()?.node.commands.status === 'ready') void clock.ask();
    const reason =
      nodes.problem() ??
      (await connectionsProblem()) ??
      subscribersProblem() ??
      outboxProblem() ??
      (await rightsProblem());
    return reason ? { ready: false, reason } : { ready: true };
  }

  function outboxProblem(): string | null {
    const reason = outbox.blockedBy();
    return reason && `updates can't be recorded: ${reason}`;
  }

  return {
    record: createRecorder(script, laneOf),
    read: createHistoryReader((runId, start, stop) =>
      ask(historyKey(runId), (commands, key) => commands.lrange(key, start, stop)),
    ),
    readLast: (runId) => ask(historyKey(runId), (commands, key) => commands.lindex(key, -1)),
    follow: async (runId, onEntries) => linkFor(historyKey(runId)).subscriber.follow(runId, onEntries),
    unfollow: (runId) => {
      for (const { subscriber } of links.values()) subscriber.unfollow(runId);
    },
    onConnection: (listen) => {
      connectionListeners.push(listen);
    },
    isBehind: outbox.isBehind,
    rawOutcomes: tally.totals,
    waiting: outbox.size,
    rawLatency: outbox.latency,
    links: () => linkStates.all,
    now: clock.now,
    status,
    close: async () => {
      clearInterval(keepAlive);
      for (const { subscriber } of links.values()) subscriber.close();
      for (const subscriber of leaving) subscriber.close();
      outbox.retryNow();
      await outbox.whenEmpty();
      nodes.close();
    },
  };
}

/** For people, where there are several. */
function nodeName({ id, address }: RedisNode): string {
  return id === '' ? 'Redis' : `Redis at ${address}`;
}
