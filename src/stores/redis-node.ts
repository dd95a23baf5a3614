// One Redis server that takes writes, and our connections to it.
import type { Redis } from 'ioredis';
import { type Host, shownHost } from './redis-url.ts';

export interface RedisNode {
  /** Where it is, as `shownHost` writes it, or the path of its socket. */
  readonly address: string;
  /** In a cluster the node's id, else ''. */
  readonly id: string;
  readonly commands: Redis;
  /** Another connection to it. `close` ends it as well. */
  connect(name: string, answerTimeoutMs: number): Redis;
  close(): void;
}

export interface RedisNodeOptions {
  at: Host | string;
  id: string;
  connect(at: Host | string, name: string, answerTimeoutMs: number): Redis;
  /** Of the connection for commands. */
  name: string;
  answerTimeoutMs: number;
}

export function createRedisNode({ at, id, name, answerTimeoutMs, ...options }: RedisNodeOptions): RedisNode {
  const clients: Redis[] = [];
  const connect = (clientName: string, timeoutMs: number) => {
    const client = options.connect(at, clientName, timeoutMs);
    clients.push(client);
    return client;
  };
  return {
    address: typeof at === 'string' ? at : shownHost(at),
    id,
    commands: connect(name, answerTimeoutMs),
    connect,
    close: () => {
      for (const client of clients) client.disconnect();
    },
  };
}
