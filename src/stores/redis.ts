// The store on Redis: a list per run, a script that records, a connection for commands and one for announcements.
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { channelOf, keyOf, type Settings } from '../runs/settings.ts';
import type { Store, StoreStatus } from '../runs/store.ts';
import { createHistoryReader } from './history-reader.ts';
import { createListener } from './listener.ts';
import { createOutbox } from './outbox.ts';
import { createRecordCall } from './record-call.ts';
import { createRecorder } from './recorder.ts';
import { recordingProblem, startWarnings } from './redis-checks.ts';
import { createRedisClient, databaseOf, reasonOf } from './redis-client.ts';
import { createRedisClock } from './redis-clock.ts';
import { watchLinks } from './redis-links.ts';
import { createSubscriber } from './subscriber.ts';
import { createTally } from './tally.ts';

export interface RedisStoreOptions extends Settings {
  url: string;
  tlsInsecure: boolean;
  /** The channel on which workers publish raw messages. */
  rawChannel: string;
  log: Logger;
}

/** Commands answer a request, so they fail fast; a subscriber may sit out a pause, and loses nothing by it. */
const COMMAND_TIMEOUT_MS = 5000;
const SUBSCRIBER_TIMEOUT_MS = 15_000;
/** Managed Redis closes command connections that are idle for minutes. */
const KEEP_ALIVE_MS = 30_000;
const STATUS_TIMEOUT_MS = 1500;

export function createRedisStore(options: RedisStoreOptions): Store {
  const { url, tlsInsecure, rawChannel, keyPrefix, log } = options;
  const historyKey = (runId: string) => keyOf(keyPrefix, runId);
  const client = (name: string, answerTimeoutMs: number) =>
    createRedisClient({ url, tlsInsecure, name, answerTimeoutMs, log });
  const commands = client('run-progress', COMMAND_TIMEOUT_MS);
  const announcements = client('run-progress-subscriber', SUBSCRIBER_TIMEOUT_MS);
  const links = watchLinks({ commands, subscriber: announcements });
  const channel = (runId: string) => channelOf(keyPrefix, databaseOf(announcements), runId);
  const call = createRecordCall(commands, options);
  const tally = createTally(log);
  const outbox = createOutbox({ call, isAnswering: () => isAnswering(commands), tally });
  const listener = createListener({ push: outbox.push, onNewEpoch: outbox.hurry, tally });
  const connectionListeners: ((event: 'lost' | 'back') => void)[] = [];
  const onConnection = (event: 'lost' | 'back') => {
    for (const notify of connectionListeners) notify(event);
  };
  const subscriber = createSubscriber({
    client: announcements,
    commands,
    rawChannel,
    keyPrefix,
    listener,
    onConnection,
    log,
  });
  const clock = createRedisClock({
    time: () => commands.time(),
    onError: (error) =>
      log.debug({ reason: reasonOf(error) }, "TIME failed: pings go on by the clock's last answer"),
  });
  commands.on('ready', () => {
    outbox.retryNow();
    void clock.ask();
    // What could not be read can be now.
    if (announcements.status === 'ready') onConnection('back');
  });
  commands.once('ready', () => void warnAtStart());
  const keepAlive = setInterval(() => {
    if (commands.status === 'ready') void clock.ask();
  }, KEEP_ALIVE_MS).unref();

  /** Why runs can't be read or recorded, by what Redis says and allows; null also where it says nothing. */
  async function rightsProblem(): Promise<string | null> {
    if (commands.status !== 'ready') return null;
    const [read, info] = await Promise.allSettled([
      commands.lrange(historyKey(''), 0, 0).then(() => commands.lindex(historyKey(''), -1)),
      commands.info(),
    ]);
    if (read.status === 'rejected') return `Redis refuses to read runs: ${reasonOf(read.reason)}`;
    // A user may do without INFO: what it would say then comes to light at the first update.
    return info.status === 'fulfilled' ? recordingProblem(info.value, keyPrefix) : null;
  }

  async function warnAtStart() {
    try {
      for (const warning of startWarnings(await commands.info())) log.warn(warning);
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'INFO is not to be had');
    }
  }

  async function status(): Promise<StoreStatus> {
    // Not waited for: a Redis that does not answer is told below, sooner than this gives up.
    if (commands.status === 'ready') void clock.ask();
    // A subscriber that is half open shows nothing by itself: it would count as hearing until its own PING times out.
    const [ofCommands, ofSubscriber] = await Promise.all([
      connectionProblem(commands, 'connection'),
      connectionProblem(announcements, 'subscriber connection'),
    ]);
    const reason =
      ofCommands ?? ofSubscriber ?? subscriber.problem() ?? outboxProblem() ?? (await rightsProblem());
    return reason ? { ready: false, reason } : { ready: true };
  }

  function outboxProblem(): string | null {
    const reason = outbox.blockedBy();
    return reason && `updates can't be recorded: ${reason}`;
  }

  return {
    record: createRecorder(call),
    read: createHistoryReader((runId, start, stop) => commands.lrange(historyKey(runId), start, stop)),
    readLast: (runId) => commands.lindex(historyKey(runId), -1),
    follow: (runId, onEntries) =>
      subscriber.follow(channel(runId), (announcement) => onEntries(announcement.split('\n'))),
    unfollow: (runId) => subscriber.unfollow(channel(runId)),
    onConnection: (listen) => {
      connectionListeners.push(listen);
    },
    isBehind: outbox.isBehind,
    rawOutcomes: tally.totals,
    waiting: outbox.size,
    rawLatency: outbox.latency,
    links: () => links,
    now: clock.now,
    status,
    close: async () => {
      clearInterval(keepAlive);
      subscriber.close();
      await outbox.whenEmpty();
      commands.disconnect();
    },
  };
}

async function connectionProblem(client: Redis, name: string): Promise<string | null> {
  if (client.status !== 'ready') return `no ${name} to Redis`;
  const answered = client.ping().then(
    () => null,
    () => `the ${name} to Redis broke`,
  );
  const timeout = new Promise<string>((resolve) => {
    setTimeout(resolve, STATUS_TIMEOUT_MS, `Redis does not answer on the ${name}`).unref();
  });
  return Promise.race([answered, timeout]);
}

async function isAnswering(client: Redis): Promise<boolean> {
  return (await connectionProblem(client, 'connection')) === null;
}
