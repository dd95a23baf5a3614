// The Redis servers that take writes: one, the master that the sentinels name, or the masters of a cluster, each with
// its slots. What differs between the three is here and in the lookups; whoever records or reads asks for a key's node.
import type { Redis } from 'ioredis';
import { createCluster } from './cluster.ts';
import type { Lookup, Place } from './lookup.ts';
import { type ConnectionLog, createRedisClient, reasonOf } from './redis-client.ts';
import { createRedisNode, type RedisNode } from './redis-node.ts';
import { type Host, kindOf, parseRedisUrl, shownHost } from './redis-url.ts';
import { createReminder } from './reminder.ts';
import { createSentinels } from './sentinels.ts';
import { SLOTS, slotOf } from './slots.ts';

export interface NodeListener {
  /** The node's connection for commands can be used, for the first time or again. */
  onReady?(): void;
  /** The node goes. Its connections are still open. */
  onGone?(): void;
}

export interface Nodes {
  /** The number of the database in which all keys are. */
  readonly database: number;
  /** False until it is known whether it is a cluster. */
  readonly isKnown: boolean;
  /** Keys lie on several nodes: a call may touch one key only, and announcements are sharded. */
  readonly isCluster: boolean;
  readonly all: readonly RedisNode[];
  /** The node on which a key lies; null while that isn't known. */
  of(key: string): RedisNode | null;
  /** Called for each node, now or when it comes. */
  onNode(listener: (node: RedisNode) => NodeListener): void;
  /** Called when nodes came or went, when slots moved from one to another, and when `isKnown` turns true. */
  onChange(listener: () => void): void;
  /** A node whose connection for commands is ready. Rejects, for people, when there is none for so long. */
  whenReady(timeoutMs: number): Promise<RedisNode>;
  /** The node refused something: if for what it is, another connection or another node may not. */
  doubt(node: RedisNode, refusal: string): void;
  /** Fulfilled when it has been asked again where the nodes are. */
  lookAgain(): Promise<void>;
  /** Why the nodes aren't known; null when they are. */
  problem(): string | null;
  close(): void;
}

export interface NodesOptions {
  /** See redis-url.ts. */
  url: string;
  /** Whether it is a cluster. By default the Redis is asked. */
  cluster?: boolean | null | undefined;
  tlsInsecure: boolean;
  /** Of the connections for commands, shown by CLIENT LIST. */
  name: string;
  answerTimeoutMs: number;
  log: ConnectionLog;
}

/** What a replaced master takes is lost: so it is asked often who the master is, and oftener while one is away. */
const LOOK_MS = 500;
const LOOK_WHILE_AWAY_MS = 100;
/** Once may be a connection that just begins, or ends; where none is known yet, all of them begin. */
const FAILURES_TO_SAY = 2;
const FAILURES_TO_SAY_AT_START = 20;
/** Of a Redis that isn't, or is no longer, the one to talk to. */
const WRONG_NODE = /^-?(?:READONLY|MOVED|ASK|CLUSTERDOWN|CROSSSLOT)\b/;

/** Throws a TypeError for a URL that can't be used. Connects at once. */
export function createNodes(options: NodesOptions): Nodes {
  const { url, name, answerTimeoutMs, log } = options;
  const address = parseRedisUrl(url);
  const isTlsInsecure = options.tlsInsecure || address.isTlsInsecure;
  const nodeListeners: ((node: RedisNode) => NodeListener)[] = [];
  const changeListeners: (() => void)[] = [];
  const listening = new Map<RedisNode, NodeListener[]>();
  const waiting = new Set<(node: RedisNode) => void>();
  let all: readonly RedisNode[] = [];
  let bySlot: readonly (RedisNode | undefined)[] = [];
  let kind = kindOf(address, options.cluster);
  let problem: string | null = null;
  let failures = 0;
  const reminder = createReminder();
  let looking: Promise<void> | null = null;
  let isClosed = false;
  let lookedAt = 0;
  let lookup: Lookup | null = null;
  let looks: NodeJS.Timeout | undefined;

  function connect(at: Host | string, clientName: string, timeoutMs: number): Redis {
    return createRedisClient({
      ...address,
      at,
      isTlsInsecure,
      name: clientName,
      answerTimeoutMs: timeoutMs,
      log,
    });
  }

  function open(at: Host | string, id: string): RedisNode {
    const node = createRedisNode({ at, id, connect, name, answerTimeoutMs });
    listening.set(
      node,
      nodeListeners.map((listener) => listener(node)),
    );
    node.commands.on('ready', () => void greet(node));
    node.commands.on('close', () => void look());
    return node;
  }

  async function greet(node: RedisNode) {
    if (kind === 'unknown') {
      const isCluster = await saysCluster(node.commands);
      if (isCluster === null || kind !== 'unknown') return;
      if (isCluster) return begin('cluster');
      kind = 'one';
      for (const listener of changeListeners) listener();
    }
    for (const { onReady } of listening.get(node) ?? []) onReady?.();
    for (const found of waiting) found(node);
  }

  function take(places: readonly Place[]) {
    const keyOf = ({ at, id }: Place) => `${shownHost(at)} ${id}`;
    const known = new Map(all.map((node) => [`${node.address} ${node.id}`, node]));
    const nodes = places.map((place) => known.get(keyOf(place)) ?? open(place.at, place.id));
    const gone = all.filter((node) => !nodes.includes(node));
    const slots = new Array<RedisNode | undefined>(SLOTS).fill(undefined);
    for (const [i, place] of places.entries())
      for (const [from, to] of place.slots) slots.fill(nodes[i], from, to + 1);
    const isSame = gone.length === 0 && slots.every((node, slot) => node === bySlot[slot]);
    all = nodes;
    bySlot = slots;
    for (const node of gone) dismiss(node);
    if (!isSame) for (const listener of changeListeners) listener();
  }

  function dismiss(node: RedisNode) {
    for (const { onGone } of listening.get(node) ?? []) onGone?.();
    listening.delete(node);
    node.close();
  }

  function lookIfDue() {
    const isAway = all.length === 0 || all.some(({ commands }) => commands.status !== 'ready');
    if (isAway || performance.now() - lookedAt >= LOOK_MS) void look();
  }

  function look(): Promise<void> {
    if (!lookup || isClosed) return Promise.resolve();
    looking ??= lookOnce(lookup);
    return looking;
  }

  async function lookOnce(by: Lookup) {
    lookedAt = performance.now();
    try {
      const places = await by.lookUp(all.map(({ commands }) => commands));
      if (!isClosed) take(places);
      problem = null;
      failures = 0;
      reminder.end();
    } catch (error) {
      problem = reasonOf(error);
      failures++;
      remind(problem);
    }
    looking = null;
  }

  function remind(reason: string) {
    const isAtStart = all.length === 0;
    if (failures < (isAtStart ? FAILURES_TO_SAY_AT_START : FAILURES_TO_SAY)) return;
    // By its kind: each server that is asked may give another reason, and in turns.
    if (!reminder.isDue(isAtStart ? 'start' : 'later')) return;
    if (isAtStart)
      log.warn({ reason }, 'no Redis is known yet: check REDIS_URL and REDIS_CLUSTER; trying on');
    else log.warn({ reason }, 'which Redis has which runs can not be told; it stays');
  }

  function begin(newKind: typeof kind) {
    kind = newKind;
    if (kind === 'cluster') {
      const scout = (at: Host) => connect(at, `${name}-scout`, answerTimeoutMs);
      lookup = createCluster({ hosts: address.hosts, connect: scout, onNews: look });
    } else if (kind === 'sentinels') lookup = createSentinels({ address, isTlsInsecure, onNews: look });
    else all = address.path === null ? address.hosts.map((at) => open(at, '')) : [open(address.path, '')];
    if (lookup) looks ??= setInterval(lookIfDue, LOOK_WHILE_AWAY_MS).unref();
    void look();
  }

  /** The nodes known so far may be well, though nobody says where they are: what they answer counts. */
  function explain(): string | null {
    if (kind === 'cluster' && address.database !== 0)
      return 'a cluster has the database 0 only: REDIS_URL names another';
    if (all.length === 0) return problem ?? 'no Redis is known yet';
    const orphans = kind === 'cluster' ? SLOTS - bySlot.filter((node) => node !== undefined).length : 0;
    return orphans === 0 ? null : `the cluster has no node for ${orphans} of its ${SLOTS} slots`;
  }

  begin(kind);
  return {
    database: address.database,
    get isKnown() {
      return kind !== 'unknown';
    },
    get isCluster() {
      return kind === 'cluster';
    },
    get all() {
      return all;
    },
    of: (key) => {
      if (kind === 'unknown') return null;
      return (kind === 'cluster' ? bySlot[slotOf(key)] : all[0]) ?? null;
    },
    onNode: (listener) => {
      nodeListeners.push(listener);
      for (const node of all) listening.get(node)?.push(listener(node));
    },
    onChange: (listener) => {
      changeListeners.push(listener);
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
        if (ready && kind !== 'unknown') found(ready);
      }),
    doubt: ({ commands }, refusal) => {
      if (!WRONG_NODE.test(refusal)) return;
      void look();
      if (/^-?READONLY/.test(refusal) && commands.status === 'ready') commands.disconnect(true);
    },
    lookAgain: look,
    problem: explain,
    close: () => {
      isClosed = true;
      clearInterval(looks);
      lookup?.close();
      for (const node of all) dismiss(node);
      all = [];
      bySlot = [];
    },
  };
}

/** Null when the connection broke. A Redis that doesn't know the question is none. */
async function saysCluster(client: Redis): Promise<boolean | null> {
  try {
    const reply = (await client.call('HELLO')) as unknown[];
    return reply[reply.indexOf('mode') + 1] === 'cluster';
  } catch {
    return client.status === 'ready' ? false : null; // An error of Redis; or of the connection, and the next one asks again.
  }
}
