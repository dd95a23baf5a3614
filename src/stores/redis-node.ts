// One Redis server that takes writes, and our connections to it.
import type { Redis } from 'ioredis';
import { type Host, shownHost } from './redis-url.ts';

export interface RedisNode {
  /** Where it is, as `shownHost` writes it, or the path of its socket. */
  readonly address: string;
  /** In a cluster the node's id, else ''. */
  readonly id: string;
  readonly commands: Redis;
  /** Another connection to it, which whoever asks for it ends. */
  connect(name: string, answerTimeoutMs: number): Redis;
  /** Ends the connection for commands. */
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
  const commands = options.connect(at, name, answerTimeoutMs);
  return {
    address: typeof at === 'string' ? at : shownHost(at),
    id,
    commands,
    connect: (clientName, timeoutMs) => options.connect(at, clientName, timeoutMs),
    close: () => commands.disconnect(),
  };
}
