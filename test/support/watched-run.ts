// A service, a run that grows by raw messages, and readers of every kind on it: what a fault happens to.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Redis } from 'ioredis';
import { readHistory } from './history-list.ts';
import { assertFollowed } from './invariants.ts';
import type { ProgressMessage, SnapshotMessage } from './messages.ts';
import { pollUntil } from './poll-until.ts';
import { readiness, untilReady, untilUnready } from './readiness.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from './redis.ts';
import { launchService, type Service } from './service.ts';
import { openSocket, type SocketReader } from './socket-reader.ts';
import { openSse, type SseReader } from './sse-reader.ts';

const CHANNEL = 'autoshorts:progress';

export interface WatchedRun {
  readonly runId: string;
  readonly service: Service;
  /** Publishes so many raw messages, "line 1" and on, one after another. */
  publish(worker: Redis, count: number): Promise<void>;
  /** How many have been published. */
  readonly published: number;
  /** "line <first>" to "line <last>", and what is given besides. */
  lines(first: number, last: number, ...more: string[]): string[];
  /** Opens an SSE reader without a cursor, one from the beginning, and a WebSocket. */
  addReaders(): Promise<void>;
  /** Every reader has all that was published. */
  untilAllHave(count: number): Promise<void>;
  /** How most stories begin: the service is ready, and readers have so many messages. */
  begin(worker: Redis, count: number): Promise<void>;
  untilReady(): Promise<void>;
  untilUnready(why: RegExp): Promise<void>;
  /**
   * When it is over. The service is the same process and ready; the run is ended by one more message; then what each
   * reader got is the history, dense, or the part of it that follows a snapshot (see `mayHaveGap`). Fulfilled with the
   * history's lines.
   */
  assertRecovered(worker: Redis, options?: { mayHaveGap?: boolean }): Promise<string[]>;
}

export interface WatchedRunOnRedis {
  redis: RedisServer;
  /** A connection to it, over which the job publishes. */
  worker: Redis;
  run: WatchedRun;
}

/** A watched run on a Redis of its own. */
export async function startWatchedRun(
  t: TestContext,
  options: RedisServerOptions = {},
): Promise<WatchedRunOnRedis> {
  const redis = await startRedis(options);
  t.after(redis.stop);
  return { redis, worker: await redis.client(), run: await watchRun(t, redis) };
}

/** The service goes to Redis by `url`: through a proxy, say. */
export async function watchRun(
  t: TestContext,
  redis: Pick<RedisServer, 'url'>,
  runId = '우주 1',
): Promise<WatchedRun> {
  const service = await launchService({ REDIS_URL: redis.url });
  t.after(() => service.stop('SIGKILL'));
  const streams: SseReader[] = [];
  const sockets: SocketReader[] = [];
  let published = 0;

  async function publishUpdate(worker: Redis, update: object) {
    await worker.publish(CHANNEL, JSON.stringify({ run_id: runId, ...update }));
  }

  async function addReaders() {
    const opened = await Promise.all([
      openSse(service.eventsUrl(runId)),
      openSse(service.eventsUrl(runId), { 'Last-Event-ID': '0' }),
    ]);
    streams.push(...opened);
    const socket = await openSocket(service.webSocketUrl(runId));
    sockets.push(socket);
    t.after(() => {
      for (const stream of opened) stream.close();
      socket.socket.terminate();
    });
    for (const stream of opened) assert.equal(stream.status, 200);
  }

  async function publish(worker: Redis, count: number) {
    for (let i = 0; i < count; i++) await publishUpdate(worker, { log: `line ${++published}` });
  }

  async function untilAllHave(count: number) {
    const line = `line ${count}`;
    for (const stream of streams) await stream.until(line, (reader) => hasLine(reader.all(), line));
    for (const socket of sockets) await socket.until(line, ({ messages }) => hasLine(ofRun(messages), line));
  }

  return {
    runId,
    service,
    publish,
    get published() {
      return published;
    },
    lines: (first, last, ...more) => [
      ...Array.from({ length: last - first + 1 }, (_, i) => `line ${first + i}`),
      ...more,
    ],
    addReaders,
    untilAllHave,
    begin: async (worker, count) => {
      await untilReady(service.url);
      await addReaders();
      await publish(worker, count);
      await untilAllHave(count);
    },
    untilReady: () => untilReady(service.url),
    untilUnready: (why) => untilUnready(service.url, why),
    assertRecovered: async (worker, { mayHaveGap = false } = {}) => {
      await untilReady(service.url);
      await publishUpdate(worker, { state: 'END', log: 'the end' });
      // A stream that ended before would lack what came after.
      for (const stream of streams) assert.equal(await stream.ended, 'end');
      for (const socket of sockets)
        await socket.until('the end', ({ messages }) => hasLine(ofRun(messages), 'the end'));
      for (const { socket } of sockets) assert.equal(socket.readyState, socket.OPEN);
      const history = await pollUntil('the end in the history', async () => {
        const events = await readHistory(worker, runId);
        return events.at(-1)?.message === 'the end' && events;
      });
      const recorded = history.map(({ record, ...event }) => event);
      for (const reader of streams) assertFollowed(reader.all(), recorded, mayHaveGap);
      for (const { messages } of sockets) assertFollowed(ofRun(messages), recorded, mayHaveGap);
      assert.deepEqual(await readiness(service.url), { ready: true, reason: '' });
      return recorded.map(({ message }) => message);
    },
  };
}

function ofRun(messages: SocketReader['messages']): (SnapshotMessage | ProgressMessage)[] {
  return messages.filter((message) => message.type !== 'pong');
}

function hasLine(messages: readonly (SnapshotMessage | ProgressMessage)[], line: string): boolean {
  return messages.some((message) =>
    message.type === 'progress' ? message.message === line : message.logs.includes(line),
  );
}
