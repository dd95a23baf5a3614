// A test's own connection, where the code asks for the nodes of a Redis.
import type { Redis } from 'ioredis';
import type { RecordNodes } from '../../src/stores/record-call.ts';

export function oneNode(client: Redis): RecordNodes {
  const node = { address: '', id: '', commands: client, connect: () => client, close: () => {} };
  return {
    database: client.options.db ?? 0,
    isCluster: false,
    of: () => node,
    doubt: () => {},
    lookAgain: async () => {},
  };
}
