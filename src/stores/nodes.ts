// The Redis servers that take writes, with a connection for commands to each: one, or the master that the sentinels name.
import type { Redis } from 'ioredis';
import { type ConnectionLog, createRedisClient, reasonOf } from './redis-client.ts';
import { type Host, parseRedisUrl, shownHost } from './redis-url.ts';
import { createSentinels } from './sentinels.ts';

export interface RedisNode {
  /** Where it is, as `shownHost` writes it, or the path of its socket. */
  readonly address: string;
  readonly commands: Redis;
  /** Another connection to it. The node closes it when it goes. */
  connect(name: string, answerTimeoutMs: number): Redis;
}

export interface Nodes {
  /** The number of the database in which all keys are. */
  readonly database: number;
  readonly all: readonly RedisNode[];
  /** The node on which a key lies; null while that isn't known. */
  of(key: string): RedisNode | null;
  /** Called for each node, now or when it comes. What it returns is called when the node goes, its connections still open. */
  onNode(listener: (node: RedisNode) => () => void): void;
  /** A node whose connection for commands is ready. Rejects, for people, when there is none for so long. */
  whenReady(timeoutMs: number): Promise<RedisNode>;
  /** The node answers as one that takes no writes any more: another connection, or another node, may. */
  doubt(node: RedisNode): void;
  /** Why the nodes aren't known; null when they are. */
  problem(): string | null;
  close(): void;
}

/** Who knows where the nodes are. */
export interface Lookup {
  /** Rejects with an error for people while nobody says. */
  lookUp(): Promise<readonly Host[]>;
  close(): void;
}

export interface NodesOptions {
  /** See redis-url.ts. */
  url: string;
  tlsInsecure: boolean;
  /** Of the connections for commands, shown by CLIENT LIST. */
  name: string;
  answerTimeoutMs: number;
  log: ConnectionLog;
}

/** What a replaced master takes is lost: so it is asked often who the master is, and oftener while the known one is away. */
const LOOK_MS = 500;
const LOOK_WHILE_AWAY_MS = 100;

/** Throws a TypeError for a URL that can't be used. Connects at once. */
export function createNodes(options: NodesOptions): Nodes {
  const address = parseRedisUrl(options.url);
  const isTlsInsecure = options.tlsInsecure || address.isTlsInsecure;
  const listeners: ((node: RedisNode) => () => void)[] = [];
  const farewells = new Map<RedisNode, (() => void)[]>();
  const waiting = new Set<(node: RedisNode) => void>();
  let all: readonly RedisNode[] = [];
  let problem: string | null = null;
  let isLooking = false;
  let isClosed = false;
  const lookup =
    address.masterName === null ? null : createSentinels({ address, isTlsInsecure, onNews: look });
  let lookedAt = 0;
  const looks = lookup && setInterval(lookIfDue, LOOK_WHILE_AWAY_MS).unref();

  function open(at: Host | string): RedisNode {
    const clients: Redis[] = [];
    const connect = (name: string, answerTimeoutMs: number) => {
      const client = createRedisClient({
        ...address,
        at,
        isTlsInsecure,
        name,
        answerTimeoutMs,
        log: options.log,
      });
      clients.push(client);
      return client;
    };
    const node = {
      address: typeof at === 'string' ? at : shownHost(at),
      commands: connect(options.name, options.answerTimeoutMs),
      connect,
    };
    node.commands.on('ready', () => {
      for (const found of waiting) found(node);
    });
    const close = () => {
      for (const client of clients) client.disconnect();
    };
    farewells.set(node, [...listeners.map((listener) => listener(node)), close]);
    return node;
  }

  function take(places: readonly (Host | string)[]) {
    const wanted = new Map(places.map((at) => [typeof at === 'string' ? at : shownHost(at), at]));
    const gone = all.filter((node) => !wanted.has(node.address));
    for (const { address } of all) wanted.delete(address);
    const kept = all.filter((node) => !gone.includes(node));
    all = [...kept, ...[...wanted.values()].map(open)];
    for (const node of gone) bidFarewell(node);
  }

  function bidFarewell(node: RedisNode) {
    for (const farewell of farewells.get(node) ?? []) farewell();
    farewells.delete(node);
  }

  function lookIfDue() {
    const isAway = all.length === 0 || all.some(({ commands }) => commands.status !== 'ready');
    if (isAway || performance.now() - lookedAt >= LOOK_MS) void look();
  }

  async function look() {
    if (!lookup || isLooking || isClosed) return;
    isLooking = true;
    lookedAt = performance.now();
    try {
      const places = await lookup.lookUp();
      if (!isClosed) take(places);
      problem = null;
    } catch (error) {
      const reason = reasonOf(error);
      // Sentinels that aren't connected yet are asked again when they are.
      if (reason !== problem && all.length > 0)
        options.log.warn({ reason }, 'who the master is can not be told; it stays');
      problem = reason;
    }
    isLooking = false;
  }

  /** The nodes known so far may be well, though nobody says where they are: what they answer counts. */
  function explain(): string | null {
    return all.length > 0 ? null : (problem ?? 'no Redis is known yet');
  }

  if (!lookup) take(address.path === null ? address.hosts : [address.path]);

  return {
    database: address.database,
    get all() {
      return all;
    },
    of: () => all[0] ?? null,
    onNode: (listener) => {
      listeners.push(listener);
      for (const node of all) farewells.get(node)?.unshift(listener(node));
    },
    whenReady: (timeoutMs) =>
      new Promise((resolve, reject) => {
        const found = (node: RedisNode) => {
          clearTimeout(timer);
          waiting.delete(found);
          resolve(node);
        };
        const timer = setTimeout(() => {
          waiting.delete(found);
          reject(new Error(explain() ?? `no connection within ${timeoutMs / 1000} s`));
        }, timeoutMs);
        waiting.add(found);
        const ready = all.find(({ commands }) => commands.status === 'ready');
        if (ready) found(ready);
      }),
    doubt: ({ commands }) => {
      if (commands.status === 'ready') commands.disconnect(true);
    },
    problem: explain,
    close: () => {
      isClosed = true;
      if (looks) clearInterval(looks);
      lookup?.close();
      for (const node of all) bidFarewell(node);
      all = [];
    },
  };
}
