// A test's own connection, where the code asks for the nodes of a Redis.
import type { Redis } from 'ioredis';
import type { RecordNodes } from '../../src/stores/record-call.ts';

export function oneNode(client: Redis): RecordNodes {
  const node = { address: '', commands: client, connect: () => client };
  return { database: client.options.db ?? 0, of: () => node, doubt: () => {} };
}
